-- the change
--
-- Mind:
-- - this fails when trips holds rows that break seated

-- whimbrel:up

ALTER TABLE trips DROP CONSTRAINT seated;

ALTER TABLE trips ADD CONSTRAINT seated CHECK (seats >= 2 AND seats < 100);

-- whimbrel:down

ALTER TABLE trips DROP CONSTRAINT seated;

ALTER TABLE trips ADD CONSTRAINT seated CHECK (seats > 0);
