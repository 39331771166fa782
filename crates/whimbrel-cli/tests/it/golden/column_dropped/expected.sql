-- the change
--
-- Mind:
-- - all values of trips.note are lost
--
-- Rolling back does not bring back the data of what this does:
-- - drops column trips.note text

-- whimbrel:up

DROP INDEX idx_trips_title_note;

ALTER TABLE trips DROP CONSTRAINT noted;

ALTER TABLE trips DROP CONSTRAINT trips_note_key;

ALTER TABLE trips DROP COLUMN note;

-- whimbrel:down

ALTER TABLE trips ADD COLUMN note text;

ALTER TABLE trips ADD CONSTRAINT trips_note_key UNIQUE (note);

ALTER TABLE trips ADD CONSTRAINT noted CHECK (note <> '');

CREATE INDEX idx_trips_title_note ON trips (title, note);
