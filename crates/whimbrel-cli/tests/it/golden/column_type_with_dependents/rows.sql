INSERT INTO trips (id, price, title) VALUES (1, 10, 'a');
