-- the change

-- whimbrel:up

CREATE INDEX idx_trips_title_city ON trips (title, city);

-- whimbrel:down

DROP INDEX idx_trips_title_city;
