-- the change

-- whimbrel:up

ALTER TABLE trips ALTER COLUMN currency SET DEFAULT 'USD';

-- whimbrel:down

ALTER TABLE trips ALTER COLUMN currency SET DEFAULT 'EUR';
