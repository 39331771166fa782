INSERT INTO trips (id, seats) VALUES (1, 2);
