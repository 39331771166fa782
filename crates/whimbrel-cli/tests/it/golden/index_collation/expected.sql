-- the change

-- whimbrel:up

DROP INDEX idx_trips_title;

CREATE INDEX idx_trips_title ON trips (title COLLATE "C");

-- whimbrel:down

DROP INDEX idx_trips_title;

CREATE INDEX idx_trips_title ON trips (title);
