-- the change

-- whimbrel:up

DROP INDEX idx_trips_city;

CREATE INDEX idx_trips_city ON trips USING hash (city);

-- whimbrel:down

DROP INDEX idx_trips_city;

CREATE INDEX idx_trips_city ON trips (city);
