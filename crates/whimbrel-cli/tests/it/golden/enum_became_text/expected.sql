-- the change
--
-- Mind:
-- - trips.status becomes the last column of trips; rights on that column alone are not carried over

-- whimbrel:up

-- whimbrel:engine postgres

-- whimbrel:transaction on

ALTER TABLE trips ADD COLUMN status__new text;

CREATE FUNCTION whimbrel_convert_trips() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $whimbrel$
BEGIN
    NEW.status__new := NEW.status;
    RETURN NEW;
END
$whimbrel$;

CREATE TRIGGER whimbrel_convert_trips BEFORE INSERT OR UPDATE ON trips FOR EACH ROW EXECUTE FUNCTION whimbrel_convert_trips();

ALTER TABLE trips ENABLE ALWAYS TRIGGER whimbrel_convert_trips;

-- whimbrel:transaction off

-- whimbrel:batch size=2000
UPDATE trips SET status__new = status WHERE status__new IS NULL AND status IS NOT NULL;

ALTER TABLE trips ADD CONSTRAINT trips_status__not_null CHECK (status__new IS NOT NULL) NOT VALID;

ALTER TABLE trips VALIDATE CONSTRAINT trips_status__not_null;

ANALYZE trips (status__new);

-- whimbrel:transaction on

LOCK TABLE trips IN ACCESS EXCLUSIVE MODE;

DROP TRIGGER whimbrel_convert_trips ON trips;

DROP FUNCTION whimbrel_convert_trips();

ALTER TABLE trips DROP COLUMN status;

ALTER TABLE trips RENAME COLUMN status__new TO status;

ALTER TABLE trips ALTER COLUMN status SET NOT NULL;

ALTER TABLE trips DROP CONSTRAINT trips_status__not_null;

ALTER TABLE trips ALTER COLUMN status SET DEFAULT 'planned';

-- whimbrel:engine sqlite

-- whimbrel:transaction on

ALTER TABLE trips ALTER COLUMN status DROP DEFAULT;

ALTER TABLE trips ALTER COLUMN status TYPE text;

ALTER TABLE trips ALTER COLUMN status SET DEFAULT 'planned';

-- whimbrel:engine any

-- whimbrel:transaction off

DROP TYPE trip_status;

-- whimbrel:down

-- whimbrel:transaction off

CREATE TYPE trip_status AS ENUM ('planned', 'done');

-- whimbrel:engine postgres

-- whimbrel:transaction on

ALTER TABLE trips ADD COLUMN status__new trip_status;

CREATE FUNCTION whimbrel_convert_trips() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $whimbrel$
BEGIN
    NEW.status__new := NEW.status::trip_status;
    RETURN NEW;
END
$whimbrel$;

CREATE TRIGGER whimbrel_convert_trips BEFORE INSERT OR UPDATE ON trips FOR EACH ROW EXECUTE FUNCTION whimbrel_convert_trips();

ALTER TABLE trips ENABLE ALWAYS TRIGGER whimbrel_convert_trips;

-- whimbrel:transaction off

-- whimbrel:batch size=2000
UPDATE trips SET status__new = status::trip_status WHERE status__new IS NULL AND status IS NOT NULL;

ALTER TABLE trips ADD CONSTRAINT trips_status__not_null CHECK (status__new IS NOT NULL) NOT VALID;

ALTER TABLE trips VALIDATE CONSTRAINT trips_status__not_null;

ANALYZE trips (status__new);

-- whimbrel:transaction on

LOCK TABLE trips IN ACCESS EXCLUSIVE MODE;

DROP TRIGGER whimbrel_convert_trips ON trips;

DROP FUNCTION whimbrel_convert_trips();

ALTER TABLE trips DROP COLUMN status;

ALTER TABLE trips RENAME COLUMN status__new TO status;

ALTER TABLE trips ALTER COLUMN status SET NOT NULL;

ALTER TABLE trips DROP CONSTRAINT trips_status__not_null;

ALTER TABLE trips ALTER COLUMN status SET DEFAULT 'planned';

-- whimbrel:engine sqlite

-- whimbrel:transaction on

ALTER TABLE trips ALTER COLUMN status DROP DEFAULT;

ALTER TABLE trips ALTER COLUMN status TYPE trip_status USING status::trip_status;

ALTER TABLE trips ALTER COLUMN status SET DEFAULT 'planned';

-- whimbrel:engine any
