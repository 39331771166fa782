-- the change

-- whimbrel:up

ALTER TABLE trips VALIDATE CONSTRAINT seated;

-- whimbrel:down

ALTER TABLE trips DROP CONSTRAINT seated;

ALTER TABLE trips ADD CONSTRAINT seated CHECK (seats > 0) NOT VALID;
