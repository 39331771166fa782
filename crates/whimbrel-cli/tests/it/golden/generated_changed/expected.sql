-- the change

-- whimbrel:up

ALTER TABLE trips DROP COLUMN total;

ALTER TABLE trips ADD COLUMN total integer NOT NULL GENERATED ALWAYS AS (price + seats) STORED;

-- whimbrel:down

ALTER TABLE trips DROP COLUMN total;

ALTER TABLE trips ADD COLUMN total integer NOT NULL GENERATED ALWAYS AS (price * seats) STORED;
