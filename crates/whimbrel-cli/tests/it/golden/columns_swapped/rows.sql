INSERT INTO trips (id, title, city) VALUES (1, 'a', 'b');
