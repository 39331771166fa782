-- the change
--
-- Mind:
-- - this fails when trips holds equal rows of (title)

-- whimbrel:up

-- whimbrel:transaction off

CREATE UNIQUE INDEX CONCURRENTLY trips_title_key__new ON trips (title) NULLS NOT DISTINCT;

-- whimbrel:transaction on

ALTER TABLE trips DROP CONSTRAINT trips_title_key;

ALTER TABLE trips ADD CONSTRAINT trips_title_key UNIQUE USING INDEX trips_title_key__new;

-- whimbrel:down

-- whimbrel:transaction off

CREATE UNIQUE INDEX CONCURRENTLY trips_title_key__new ON trips (title);

-- whimbrel:transaction on

ALTER TABLE trips DROP CONSTRAINT trips_title_key;

ALTER TABLE trips ADD CONSTRAINT trips_title_key UNIQUE USING INDEX trips_title_key__new;
