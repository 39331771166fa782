-- the change
--
-- Mind:
-- - code that uses trips.title fails from then on; where it cannot stop, add name beside it and drop trips.title later (expand and contract)

-- whimbrel:up

ALTER TABLE trips RENAME COLUMN title TO name;

ALTER INDEX idx_trips_title_code RENAME TO idx_trips_name_code;

-- whimbrel:down

ALTER INDEX idx_trips_name_code RENAME TO idx_trips_title_code;

ALTER TABLE trips RENAME COLUMN name TO title;
