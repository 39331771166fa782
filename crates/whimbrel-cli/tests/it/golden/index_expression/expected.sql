-- the change

-- whimbrel:up

-- whimbrel:transaction off

CREATE INDEX CONCURRENTLY idx_trips_words__new ON trips (upper(title));

-- whimbrel:transaction on

DROP INDEX idx_trips_words;

ALTER INDEX idx_trips_words__new RENAME TO idx_trips_words;

-- whimbrel:down

-- whimbrel:transaction off

CREATE INDEX CONCURRENTLY idx_trips_words__new ON trips (lower(title));

-- whimbrel:transaction on

DROP INDEX idx_trips_words;

ALTER INDEX idx_trips_words__new RENAME TO idx_trips_words;
