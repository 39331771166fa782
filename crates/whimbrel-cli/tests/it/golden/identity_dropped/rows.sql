INSERT INTO stops (id, note) VALUES (1, 'a'), (7, 'b');
