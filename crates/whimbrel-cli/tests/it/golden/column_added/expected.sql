-- the change

-- whimbrel:up

ALTER TABLE trips ADD COLUMN seats integer NOT NULL DEFAULT 1;

ALTER TABLE trips ADD COLUMN note text;

-- whimbrel:down

ALTER TABLE trips DROP COLUMN note;

ALTER TABLE trips DROP COLUMN seats;
