-- the change

-- whimbrel:up

DROP INDEX idx_trips_city_closed_at;

CREATE INDEX idx_trips_city_closed_at ON trips (city, closed_at DESC);

-- whimbrel:down

DROP INDEX idx_trips_city_closed_at;

CREATE INDEX idx_trips_city_closed_at ON trips (city, closed_at);
