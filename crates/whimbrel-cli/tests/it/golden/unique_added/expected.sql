-- the change
--
-- Mind:
-- - this fails when trips holds equal rows of (owner, title)

-- whimbrel:up

ALTER TABLE trips ADD CONSTRAINT trips_owner_title_key UNIQUE (owner, title);

-- whimbrel:down

ALTER TABLE trips DROP CONSTRAINT trips_owner_title_key;
