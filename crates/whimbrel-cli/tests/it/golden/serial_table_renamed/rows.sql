INSERT INTO stops (note) VALUES ('a'), ('b');
