-- the change

-- whimbrel:up

-- whimbrel:transaction off

CREATE INDEX CONCURRENTLY idx_trips_city__new ON trips USING hash (city);

-- whimbrel:transaction on

DROP INDEX idx_trips_city;

ALTER INDEX idx_trips_city__new RENAME TO idx_trips_city;

-- whimbrel:down

-- whimbrel:transaction off

CREATE INDEX CONCURRENTLY idx_trips_city__new ON trips (city);

-- whimbrel:transaction on

DROP INDEX idx_trips_city;

ALTER INDEX idx_trips_city__new RENAME TO idx_trips_city;
