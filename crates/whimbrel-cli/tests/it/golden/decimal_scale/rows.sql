INSERT INTO trips (id, budget) VALUES (1, 12.50);
