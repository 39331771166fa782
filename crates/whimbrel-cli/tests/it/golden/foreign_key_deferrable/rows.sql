INSERT INTO trips (id, title) VALUES (1, 'Lima'), (2, 'Cusco');
INSERT INTO stops (id, trip_id) VALUES (1, 1);
