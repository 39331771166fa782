-- the change

-- whimbrel:up

CREATE VIEW named AS
SELECT id, title FROM trips;

-- whimbrel:down

DROP VIEW named;
