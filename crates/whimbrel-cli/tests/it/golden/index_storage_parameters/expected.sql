-- the change

-- whimbrel:up

ALTER INDEX idx_trips_title SET (fillfactor = 70);

-- whimbrel:down

ALTER INDEX idx_trips_title RESET (fillfactor);
