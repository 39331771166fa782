-- the change

-- whimbrel:up

DROP INDEX idx_trips_words;

CREATE INDEX idx_trips_words ON trips (upper(title));

-- whimbrel:down

DROP INDEX idx_trips_words;

CREATE INDEX idx_trips_words ON trips (lower(title));
