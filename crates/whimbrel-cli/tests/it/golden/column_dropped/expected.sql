-- the change
--
-- Mind:
-- - all values of trips.note are lost
-- - code that still uses trips.note fails from then on: deploy code without it first (expand and contract)
--
-- Rolling back does not bring back the data of what this does:
-- - drops column trips.note text

-- whimbrel:up

-- whimbrel:transaction off

DROP INDEX CONCURRENTLY idx_trips_title_note;

-- whimbrel:transaction on

ALTER TABLE trips DROP CONSTRAINT noted;

ALTER TABLE trips DROP CONSTRAINT trips_note_key;

ALTER TABLE trips DROP COLUMN note;

-- whimbrel:down

-- whimbrel:transaction on

ALTER TABLE trips ADD COLUMN note text;

ALTER TABLE trips ADD CONSTRAINT noted CHECK (note <> '') NOT VALID;

-- whimbrel:transaction off

CREATE UNIQUE INDEX CONCURRENTLY trips_note_key ON trips (note);

ALTER TABLE trips ADD CONSTRAINT trips_note_key UNIQUE USING INDEX trips_note_key;

ALTER TABLE trips VALIDATE CONSTRAINT noted;

CREATE INDEX CONCURRENTLY idx_trips_title_note ON trips (title, note);
