-- the change

-- whimbrel:up

ALTER TABLE trips DROP CONSTRAINT trips_title_key;

-- whimbrel:down

CREATE UNIQUE INDEX CONCURRENTLY trips_title_key ON trips (title);

ALTER TABLE trips ADD CONSTRAINT trips_title_key UNIQUE USING INDEX trips_title_key;
