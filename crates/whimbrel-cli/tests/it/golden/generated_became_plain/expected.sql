-- the change

-- whimbrel:up

ALTER TABLE trips ALTER COLUMN total DROP EXPRESSION;

ALTER TABLE trips ALTER COLUMN total DROP NOT NULL;

-- whimbrel:down

ALTER TABLE trips ALTER COLUMN total SET NOT NULL;

ALTER TABLE trips DROP COLUMN total;

ALTER TABLE trips ADD COLUMN total integer NOT NULL GENERATED ALWAYS AS (price * seats) STORED;
