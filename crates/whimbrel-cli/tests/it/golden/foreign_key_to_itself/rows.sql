INSERT INTO trips (id, parent) VALUES (1, NULL), (2, 1);
