INSERT INTO trips (id, code) VALUES (1, 5);
INSERT INTO stops (id, trip_id) VALUES (1, 1);
