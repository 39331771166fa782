INSERT INTO trips (id, status, past) VALUES (1, 'done', '{planned}');
