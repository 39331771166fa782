-- the change
--
-- Mind:
-- - this fails when trips holds rows that break priced

-- whimbrel:up

DROP VIEW cheap;

DROP INDEX idx_trips_next;

ALTER TABLE trips DROP CONSTRAINT priced;

ALTER TABLE trips DROP COLUMN twice;

ALTER TABLE trips ALTER COLUMN price TYPE bigint;

ALTER TABLE trips ADD COLUMN twice bigint NOT NULL GENERATED ALWAYS AS (price * 2) STORED;

ALTER TABLE trips ADD CONSTRAINT priced CHECK (price > 0);

CREATE INDEX idx_trips_next ON trips ((price + 1));

CREATE VIEW cheap AS
SELECT id, price FROM trips;

-- whimbrel:down

DROP VIEW cheap;

DROP INDEX idx_trips_next;

ALTER TABLE trips DROP CONSTRAINT priced;

ALTER TABLE trips DROP COLUMN twice;

ALTER TABLE trips ALTER COLUMN price TYPE integer;

ALTER TABLE trips ADD COLUMN twice bigint NOT NULL GENERATED ALWAYS AS (price * 2) STORED;

ALTER TABLE trips ADD CONSTRAINT priced CHECK (price > 0);

CREATE INDEX idx_trips_next ON trips ((price + 1));

CREATE VIEW cheap AS
SELECT id, price FROM trips;
