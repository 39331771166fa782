-- the change
--
-- Mind:
-- - all values of trips.note are lost
--
-- Rolling back does not bring back the data of what this does:
-- - drops column trips.note text

-- whimbrel:up

ALTER TABLE stops ADD COLUMN note text;

ALTER TABLE trips DROP COLUMN note;

-- whimbrel:down

ALTER TABLE trips ADD COLUMN note text;

ALTER TABLE stops DROP COLUMN note;
