-- the change
--
-- Mind:
-- - this fails when trips holds equal rows of (owner, title)

-- whimbrel:up

CREATE UNIQUE INDEX CONCURRENTLY trips_owner_title_key ON trips (owner, title);

ALTER TABLE trips ADD CONSTRAINT trips_owner_title_key UNIQUE USING INDEX trips_owner_title_key;

-- whimbrel:down

ALTER TABLE trips DROP CONSTRAINT trips_owner_title_key;
