-- the change
--
-- Mind:
-- - this fails when trips holds rows that break seated

-- whimbrel:up

-- whimbrel:transaction off

ALTER TABLE trips ADD CONSTRAINT seated CHECK (seats > 0) NOT VALID;

ALTER TABLE trips VALIDATE CONSTRAINT seated;

-- whimbrel:down

ALTER TABLE trips DROP CONSTRAINT seated;
