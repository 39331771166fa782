-- the change

-- whimbrel:up

CREATE INDEX CONCURRENTLY idx_trips_title_city ON trips (title, city);

-- whimbrel:down

DROP INDEX CONCURRENTLY idx_trips_title_city;
