INSERT INTO trips (id) VALUES (1);
INSERT INTO stops (id, trip_id) VALUES (1, 1);
