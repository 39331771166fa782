-- the change

-- whimbrel:up

COMMENT ON COLUMN trips.title IS NULL;

-- whimbrel:down

COMMENT ON COLUMN trips.title IS 'The name.';
