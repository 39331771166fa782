-- the change

-- whimbrel:up

ALTER TABLE trips SET (autovacuum_enabled = off, fillfactor = 80);

-- whimbrel:down

ALTER TABLE trips SET (fillfactor = 70);

ALTER TABLE trips RESET (autovacuum_enabled);
