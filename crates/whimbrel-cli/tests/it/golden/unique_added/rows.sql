INSERT INTO trips (id, title, owner) VALUES (1, 'a', 1);
