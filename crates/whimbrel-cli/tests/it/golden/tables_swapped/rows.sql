INSERT INTO trips (id, title) VALUES (1, 'a');
INSERT INTO tours (id, title) VALUES (2, 'b');
