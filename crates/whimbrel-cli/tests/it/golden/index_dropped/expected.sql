-- the change

-- whimbrel:up

DROP INDEX CONCURRENTLY idx_trips_title_city;

-- whimbrel:down

CREATE INDEX CONCURRENTLY idx_trips_title_city ON trips (title, city);
