-- the change

-- whimbrel:up

-- whimbrel:transaction off

CREATE INDEX CONCURRENTLY idx_trips_title__new ON trips (title COLLATE "C");

-- whimbrel:transaction on

DROP INDEX idx_trips_title;

ALTER INDEX idx_trips_title__new RENAME TO idx_trips_title;

-- whimbrel:down

-- whimbrel:transaction off

CREATE INDEX CONCURRENTLY idx_trips_title__new ON trips (title);

-- whimbrel:transaction on

DROP INDEX idx_trips_title;

ALTER INDEX idx_trips_title__new RENAME TO idx_trips_title;
