INSERT INTO trips (id, left_at) VALUES (1, '2025-03-04 05:06:07');
