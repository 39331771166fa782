-- the change
--
-- Mind:
-- - this fails when trips holds rows that break seated

-- whimbrel:up

-- whimbrel:transaction on

ALTER TABLE trips DROP CONSTRAINT seated;

ALTER TABLE trips ADD CONSTRAINT seated CHECK (seats >= 2 AND seats < 100) NOT VALID;

-- whimbrel:transaction off

ALTER TABLE trips VALIDATE CONSTRAINT seated;

-- whimbrel:down

-- whimbrel:transaction on

ALTER TABLE trips DROP CONSTRAINT seated;

ALTER TABLE trips ADD CONSTRAINT seated CHECK (seats > 0) NOT VALID;

-- whimbrel:transaction off

ALTER TABLE trips VALIDATE CONSTRAINT seated;
