INSERT INTO trips (id, extra) VALUES (1, '{"a": 1}');
