-- the change

-- whimbrel:up

ALTER TABLE trips ALTER COLUMN extra TYPE jsonb;

-- whimbrel:down

ALTER TABLE trips ALTER COLUMN extra TYPE json;
