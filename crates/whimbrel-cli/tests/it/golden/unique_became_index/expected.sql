-- the change
--
-- Mind:
-- - unique index titles fails when trips holds equal rows

-- whimbrel:up

ALTER TABLE trips DROP CONSTRAINT titles;

CREATE UNIQUE INDEX titles ON trips (title);

-- whimbrel:down

DROP INDEX titles;

ALTER TABLE trips ADD CONSTRAINT titles UNIQUE (title);
