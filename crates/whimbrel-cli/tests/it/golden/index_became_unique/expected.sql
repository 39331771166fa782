-- the change
--
-- Mind:
-- - unique index idx_trips_title fails when trips holds equal rows

-- whimbrel:up

DROP INDEX idx_trips_title;

CREATE UNIQUE INDEX idx_trips_title ON trips (title);

-- whimbrel:down

DROP INDEX idx_trips_title;

CREATE INDEX idx_trips_title ON trips (title);
