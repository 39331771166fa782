INSERT INTO trips (id, price, seats) VALUES (1, 10, 3);
