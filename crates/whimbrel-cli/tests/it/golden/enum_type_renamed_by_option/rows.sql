INSERT INTO trips (id, status) VALUES (1, 'planned'), (2, 'done');
