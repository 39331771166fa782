-- the change
--
-- Mind:
-- - trips.seats becomes the last column of trips; rights on that column alone are not carried over

-- whimbrel:up

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

ALTER TABLE trips ADD CONSTRAINT trips_seats__not_null CHECK (seats__new IS NOT NULL) NOT VALID;

ALTER TABLE trips VALIDATE CONSTRAINT trips_seats__not_null;

ANALYZE trips (seats__new);

-- whimbrel:transaction on

LOCK TABLE trips IN ACCESS EXCLUSIVE MODE;

DROP TRIGGER whimbrel_convert_trips ON trips;

DROP FUNCTION whimbrel_convert_trips();

ALTER TABLE trips DROP COLUMN seats;

ALTER TABLE trips RENAME COLUMN seats__new TO seats;

ALTER TABLE trips ALTER COLUMN seats SET NOT NULL;

ALTER TABLE trips DROP CONSTRAINT trips_seats__not_null;

ALTER INDEX idx_trips_seats__new RENAME TO idx_trips_seats;

-- whimbrel:engine sqlite

-- whimbrel:transaction off

ALTER TABLE trips ALTER COLUMN seats TYPE bigint;

-- whimbrel:engine any

-- whimbrel:down

-- whimbrel:engine postgres

-- whimbrel:transaction on

ALTER TABLE trips ADD COLUMN seats__new integer;

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

ALTER TABLE trips ADD CONSTRAINT trips_seats__not_null CHECK (seats__new IS NOT NULL) NOT VALID;

ALTER TABLE trips VALIDATE CONSTRAINT trips_seats__not_null;

ANALYZE trips (seats__new);

-- whimbrel:transaction on

LOCK TABLE trips IN ACCESS EXCLUSIVE MODE;

DROP TRIGGER whimbrel_convert_trips ON trips;

DROP FUNCTION whimbrel_convert_trips();

ALTER TABLE trips DROP COLUMN seats;

ALTER TABLE trips RENAME COLUMN seats__new TO seats;

ALTER TABLE trips ALTER COLUMN seats SET NOT NULL;

ALTER TABLE trips DROP CONSTRAINT trips_seats__not_null;

ALTER INDEX idx_trips_seats__new RENAME TO idx_trips_seats;

-- whimbrel:engine sqlite

-- whimbrel:transaction off

ALTER TABLE trips ALTER COLUMN seats TYPE integer;

-- whimbrel:engine any
