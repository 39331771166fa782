-- the change

-- whimbrel:up

DROP VIEW named;

-- whimbrel:down

CREATE VIEW named AS
SELECT id, title FROM trips;
