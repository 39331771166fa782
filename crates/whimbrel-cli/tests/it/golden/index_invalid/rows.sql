INSERT INTO trips (id, title, city, tags) VALUES (1, 'a', 'Lima', '{}'), (2, 'b', 'Cusco', '{}');
