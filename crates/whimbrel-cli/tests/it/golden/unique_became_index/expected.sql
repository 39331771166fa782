-- the change
--
-- Mind:
-- - unique index titles fails when trips holds equal rows

-- whimbrel:up

-- whimbrel:transaction off

CREATE UNIQUE INDEX CONCURRENTLY titles__new ON trips (title);

-- whimbrel:transaction on

ALTER TABLE trips DROP CONSTRAINT titles;

ALTER INDEX titles__new RENAME TO titles;

-- whimbrel:down

-- whimbrel:transaction off

CREATE UNIQUE INDEX CONCURRENTLY titles__new ON trips (title);

-- whimbrel:transaction on

DROP INDEX titles;

ALTER TABLE trips ADD CONSTRAINT titles UNIQUE USING INDEX titles__new;
