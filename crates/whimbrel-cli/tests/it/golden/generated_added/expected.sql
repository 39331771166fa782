-- the change
--
-- Mind:
-- - adding trips.total makes readers and writers of trips wait while all its rows are written anew: each row stores its generated value

-- whimbrel:up

ALTER TABLE trips ADD COLUMN total integer NOT NULL GENERATED ALWAYS AS (price * seats) STORED;

-- whimbrel:down

ALTER TABLE trips DROP COLUMN total;
