-- the change

-- whimbrel:up

DROP INDEX idx_trips_tags;

CREATE INDEX idx_trips_tags ON trips USING gin (tags);

-- whimbrel:down

DROP INDEX idx_trips_tags;

CREATE INDEX idx_trips_tags ON trips (tags);
