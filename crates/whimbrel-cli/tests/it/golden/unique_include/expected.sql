-- the change
--
-- Mind:
-- - this fails when trips holds equal rows of (title)

-- whimbrel:up

ALTER TABLE trips DROP CONSTRAINT trips_title_key;

ALTER TABLE trips ADD CONSTRAINT trips_title_key UNIQUE (title) INCLUDE (city);

-- whimbrel:down

ALTER TABLE trips DROP CONSTRAINT trips_title_key;

ALTER TABLE trips ADD CONSTRAINT trips_title_key UNIQUE (title);
