-- the change

-- whimbrel:up

COMMENT ON COLUMN trips.title IS 'Its name.';

-- whimbrel:down

COMMENT ON COLUMN trips.title IS 'The name.';
