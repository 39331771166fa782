-- the change

-- whimbrel:up

DROP MATERIALIZED VIEW named;

CREATE MATERIALIZED VIEW named AS
SELECT id, title FROM trips WHERE id > 0;

-- whimbrel:down

DROP MATERIALIZED VIEW named;

CREATE MATERIALIZED VIEW named AS
SELECT id, title FROM trips;
