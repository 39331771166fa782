INSERT INTO trips (tenant, id) VALUES (1, 2);
INSERT INTO stops (id, tenant, trip_id) VALUES (1, 1, 2);
