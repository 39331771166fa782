INSERT INTO trips (id) VALUES (1);
