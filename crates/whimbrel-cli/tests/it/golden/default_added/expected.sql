-- the change

-- whimbrel:up

ALTER TABLE trips ALTER COLUMN seats SET DEFAULT 4;

-- whimbrel:down

ALTER TABLE trips ALTER COLUMN seats DROP DEFAULT;
