-- the change

-- whimbrel:up

REINDEX INDEX idx_trips_city;

-- whimbrel:down
