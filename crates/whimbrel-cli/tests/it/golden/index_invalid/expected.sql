-- the change

-- whimbrel:up

REINDEX INDEX CONCURRENTLY idx_trips_city;

-- whimbrel:down
