-- the change

-- whimbrel:up

ALTER INDEX idx_trips_title RENAME TO idx_titles;

-- whimbrel:down

ALTER INDEX idx_titles RENAME TO idx_trips_title;
