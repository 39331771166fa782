-- the change
--
-- Mind:
-- - the new type of stops.id makes readers and writers of stops wait while all its rows are written anew: the column makes its values itself

-- whimbrel:up

ALTER TABLE stops ALTER COLUMN id TYPE bigint;

-- whimbrel:down

ALTER TABLE stops ALTER COLUMN id TYPE integer;
