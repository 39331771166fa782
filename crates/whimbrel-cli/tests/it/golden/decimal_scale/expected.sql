-- the change

-- whimbrel:up

ALTER TABLE trips ALTER COLUMN budget TYPE numeric(12,3);

-- whimbrel:down

ALTER TABLE trips ALTER COLUMN budget TYPE numeric(10,2);
