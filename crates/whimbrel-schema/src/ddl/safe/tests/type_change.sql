-- whimbrel:engine postgres
-- whimbrel:transaction on
ALTER TABLE trips ADD COLUMN seats__new bigint;
CREATE FUNCTION whimbrel_convert_trips() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $whimbrel$
BEGIN
    NEW.seats__new := NEW.seats;
    RETURN NEW;
END
$whimbrel$;
CREATE TRIGGER whimbrel_convert_trips BEFORE INSERT OR UPDATE ON trips FOR EACH ROW EXECUTE FUNCTION whimbrel_convert_trips();
ALTER TABLE trips ENABLE ALWAYS TRIGGER whimbrel_convert_trips;
-- whimbrel:transaction off
-- whimbrel:batch size=2000
UPDATE trips SET seats__new = seats WHERE seats__new IS NULL AND seats IS NOT NULL;
CREATE INDEX CONCURRENTLY idx_trips_seats__new ON trips (seats__new);
-- whimbrel:transaction on
ALTER TABLE trips ADD CONSTRAINT trips_seats__not_null CHECK (seats__new IS NOT NULL) NOT VALID;
ALTER TABLE trips ADD CONSTRAINT seated__new CHECK (seats__new > 0) NOT VALID;
-- whimbrel:transaction off
ALTER TABLE trips VALIDATE CONSTRAINT trips_seats__not_null;
ALTER TABLE trips VALIDATE CONSTRAINT seated__new;
ANALYZE trips (seats__new);
-- whimbrel:transaction on
LOCK TABLE trips IN ACCESS EXCLUSIVE MODE;
DROP TRIGGER whimbrel_convert_trips ON trips;
DROP FUNCTION whimbrel_convert_trips();
ALTER TABLE trips DROP COLUMN seats;
ALTER TABLE trips RENAME COLUMN seats__new TO seats;
ALTER TABLE trips ALTER COLUMN seats SET NOT NULL;
ALTER TABLE trips DROP CONSTRAINT trips_seats__not_null;
ALTER TABLE trips ALTER COLUMN seats SET DEFAULT 1;
COMMENT ON COLUMN trips.seats IS 'How many.';
ALTER INDEX idx_trips_seats__new RENAME TO idx_trips_seats;
ALTER TABLE trips RENAME CONSTRAINT seated__new TO seated;
-- whimbrel:engine sqlite
-- whimbrel:transaction on
ALTER TABLE trips DROP CONSTRAINT seated;
ALTER TABLE trips ALTER COLUMN seats TYPE bigint;
ALTER TABLE trips ALTER COLUMN seats SET NOT NULL;
ALTER TABLE trips ALTER COLUMN seats SET DEFAULT 1;
COMMENT ON COLUMN trips.seats IS 'How many.';
ALTER TABLE trips ADD CONSTRAINT seated CHECK (seats > 0);
-- whimbrel:engine any
