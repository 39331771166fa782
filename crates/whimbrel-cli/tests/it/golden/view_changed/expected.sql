-- the change

-- whimbrel:up

DROP VIEW named;

CREATE VIEW named AS
SELECT id, title FROM trips WHERE city IS NOT NULL;

-- whimbrel:down

DROP VIEW named;

CREATE VIEW named AS
SELECT id, title FROM trips;
