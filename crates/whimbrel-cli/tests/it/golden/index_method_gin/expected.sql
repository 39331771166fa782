-- the change

-- whimbrel:up

-- whimbrel:transaction off

CREATE INDEX CONCURRENTLY idx_trips_tags__new ON trips USING gin (tags);

-- whimbrel:transaction on

DROP INDEX idx_trips_tags;

ALTER INDEX idx_trips_tags__new RENAME TO idx_trips_tags;

-- whimbrel:down

-- whimbrel:transaction off

CREATE INDEX CONCURRENTLY idx_trips_tags__new ON trips (tags);

-- whimbrel:transaction on

DROP INDEX idx_trips_tags;

ALTER INDEX idx_trips_tags__new RENAME TO idx_trips_tags;
