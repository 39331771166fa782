INSERT INTO trips (id, code) VALUES (1, 1);
INSERT INTO stops (id, trip) VALUES (1, 1);
