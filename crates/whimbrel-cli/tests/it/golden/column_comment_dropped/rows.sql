INSERT INTO trips (id, title) VALUES (1, 'Lima'), (2, 'Cusco');
