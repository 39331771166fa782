-- the change
--
-- Mind:
-- - this fails when trips holds rows that break seated

-- whimbrel:up

ALTER TABLE trips ADD CONSTRAINT seated CHECK (seats > 0);

-- whimbrel:down

ALTER TABLE trips DROP CONSTRAINT seated;
