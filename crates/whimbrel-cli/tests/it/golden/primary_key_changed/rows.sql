INSERT INTO stops (id, trip_id) VALUES (1, 1);
