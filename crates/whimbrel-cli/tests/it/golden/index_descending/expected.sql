-- the change

-- whimbrel:up

-- whimbrel:transaction off

CREATE INDEX CONCURRENTLY idx_trips_city_closed_at__new ON trips (city, closed_at DESC);

-- whimbrel:transaction on

DROP INDEX idx_trips_city_closed_at;

ALTER INDEX idx_trips_city_closed_at__new RENAME TO idx_trips_city_closed_at;

-- whimbrel:down

-- whimbrel:transaction off

CREATE INDEX CONCURRENTLY idx_trips_city_closed_at__new ON trips (city, closed_at);

-- whimbrel:transaction on

DROP INDEX idx_trips_city_closed_at;

ALTER INDEX idx_trips_city_closed_at__new RENAME TO idx_trips_city_closed_at;
