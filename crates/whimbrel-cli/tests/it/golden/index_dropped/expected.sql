-- the change

-- whimbrel:up

DROP INDEX idx_trips_title_city;

-- whimbrel:down

CREATE INDEX idx_trips_title_city ON trips (title, city);
