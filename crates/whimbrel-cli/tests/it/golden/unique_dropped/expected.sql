-- the change

-- whimbrel:up

ALTER TABLE trips DROP CONSTRAINT trips_title_key;

-- whimbrel:down

ALTER TABLE trips ADD CONSTRAINT trips_title_key UNIQUE (title);
