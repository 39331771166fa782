-- the change

-- whimbrel:up

ALTER TABLE trips RENAME COLUMN title TO name;

ALTER INDEX idx_trips_title_code RENAME TO idx_trips_name_code;

-- whimbrel:down

ALTER INDEX idx_trips_name_code RENAME TO idx_trips_title_code;

ALTER TABLE trips RENAME COLUMN name TO title;
