-- the change

-- whimbrel:up

ALTER TABLE trips ALTER COLUMN made_at DROP DEFAULT;

-- whimbrel:down

ALTER TABLE trips ALTER COLUMN made_at SET DEFAULT CURRENT_TIMESTAMP;
