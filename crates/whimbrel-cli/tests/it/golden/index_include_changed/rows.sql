INSERT INTO trips (id, title, tags) VALUES (1, 'Lima', '{a,b}'), (2, 'Cusco', '{}');
