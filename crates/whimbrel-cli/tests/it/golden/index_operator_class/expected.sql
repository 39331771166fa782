-- the change

-- whimbrel:up

DROP INDEX idx_trips_title;

CREATE INDEX idx_trips_title ON trips (title text_pattern_ops);

-- whimbrel:down

DROP INDEX idx_trips_title;

CREATE INDEX idx_trips_title ON trips (title);
