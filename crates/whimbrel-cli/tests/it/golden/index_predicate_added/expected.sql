-- the change

-- whimbrel:up

DROP INDEX idx_trips_city;

CREATE INDEX idx_trips_city ON trips (city) WHERE closed_at IS NULL;

-- whimbrel:down

DROP INDEX idx_trips_city;

CREATE INDEX idx_trips_city ON trips (city);
