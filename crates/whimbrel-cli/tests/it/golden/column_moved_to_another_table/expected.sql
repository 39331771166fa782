-- the change
--
-- Mind:
-- - all values of trips.note are lost
-- - code that still uses trips.note fails from then on: deploy code without it first (expand and contract)
--
-- Rolling back does not bring back the data of what this does:
-- - drops column trips.note text

-- whimbrel:up

ALTER TABLE stops ADD COLUMN note text;

ALTER TABLE trips DROP COLUMN note;

-- whimbrel:down

ALTER TABLE trips ADD COLUMN note text;

ALTER TABLE stops DROP COLUMN note;
