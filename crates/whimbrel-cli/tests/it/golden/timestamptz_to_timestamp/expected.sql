-- the change
--
-- Mind:
-- - trips.left_at becomes the last column of trips; rights on that column alone are not carried over

-- whimbrel:up

-- whimbrel:engine postgres

-- whimbrel:transaction on

ALTER TABLE trips ADD COLUMN left_at__new timestamp;

CREATE FUNCTION whimbrel_convert_trips() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT SET timezone FROM CURRENT SET datestyle FROM CURRENT AS $whimbrel$
BEGIN
    NEW.left_at__new := NEW.left_at AT TIME ZONE 'UTC';
    RETURN NEW;
END
$whimbrel$;

CREATE TRIGGER whimbrel_convert_trips BEFORE INSERT OR UPDATE ON trips FOR EACH ROW EXECUTE FUNCTION whimbrel_convert_trips();

ALTER TABLE trips ENABLE ALWAYS TRIGGER whimbrel_convert_trips;

-- whimbrel:transaction off

-- whimbrel:batch size=2000
UPDATE trips SET left_at__new = left_at AT TIME ZONE 'UTC' WHERE left_at__new IS NULL AND left_at IS NOT NULL;

ALTER TABLE trips ADD CONSTRAINT trips_left_at__not_null CHECK (left_at__new IS NOT NULL) NOT VALID;

ALTER TABLE trips VALIDATE CONSTRAINT trips_left_at__not_null;

ANALYZE trips (left_at__new);

-- whimbrel:transaction on

LOCK TABLE trips IN ACCESS EXCLUSIVE MODE;

DROP TRIGGER whimbrel_convert_trips ON trips;

DROP FUNCTION whimbrel_convert_trips();

ALTER TABLE trips DROP COLUMN left_at;

ALTER TABLE trips RENAME COLUMN left_at__new TO left_at;

ALTER TABLE trips ALTER COLUMN left_at SET NOT NULL;

ALTER TABLE trips DROP CONSTRAINT trips_left_at__not_null;

-- whimbrel:engine sqlite

-- whimbrel:transaction off

ALTER TABLE trips ALTER COLUMN left_at TYPE timestamp USING left_at AT TIME ZONE 'UTC';

-- whimbrel:engine any

-- whimbrel:down

-- whimbrel:engine postgres

-- whimbrel:transaction on

ALTER TABLE trips ADD COLUMN left_at__new timestamptz;

CREATE FUNCTION whimbrel_convert_trips() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT SET timezone FROM CURRENT SET datestyle FROM CURRENT AS $whimbrel$
BEGIN
    NEW.left_at__new := NEW.left_at AT TIME ZONE 'UTC';
    RETURN NEW;
END
$whimbrel$;

CREATE TRIGGER whimbrel_convert_trips BEFORE INSERT OR UPDATE ON trips FOR EACH ROW EXECUTE FUNCTION whimbrel_convert_trips();

ALTER TABLE trips ENABLE ALWAYS TRIGGER whimbrel_convert_trips;

-- whimbrel:transaction off

-- whimbrel:batch size=2000
UPDATE trips SET left_at__new = left_at AT TIME ZONE 'UTC' WHERE left_at__new IS NULL AND left_at IS NOT NULL;

ALTER TABLE trips ADD CONSTRAINT trips_left_at__not_null CHECK (left_at__new IS NOT NULL) NOT VALID;

ALTER TABLE trips VALIDATE CONSTRAINT trips_left_at__not_null;

ANALYZE trips (left_at__new);

-- whimbrel:transaction on

LOCK TABLE trips IN ACCESS EXCLUSIVE MODE;

DROP TRIGGER whimbrel_convert_trips ON trips;

DROP FUNCTION whimbrel_convert_trips();

ALTER TABLE trips DROP COLUMN left_at;

ALTER TABLE trips RENAME COLUMN left_at__new TO left_at;

ALTER TABLE trips ALTER COLUMN left_at SET NOT NULL;

ALTER TABLE trips DROP CONSTRAINT trips_left_at__not_null;

-- whimbrel:engine sqlite

-- whimbrel:transaction off

ALTER TABLE trips ALTER COLUMN left_at TYPE timestamptz USING left_at AT TIME ZONE 'UTC';

-- whimbrel:engine any
