-- the change
--
-- Mind:
-- - trips.extra becomes the last column of trips; rights on that column alone are not carried over

-- whimbrel:up

-- whimbrel:engine postgres

-- whimbrel:transaction on

ALTER TABLE trips ADD COLUMN extra__new jsonb;

CREATE FUNCTION whimbrel_convert_trips() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $whimbrel$
BEGIN
    NEW.extra__new := NEW.extra;
    RETURN NEW;
END
$whimbrel$;

CREATE TRIGGER whimbrel_convert_trips BEFORE INSERT OR UPDATE ON trips FOR EACH ROW EXECUTE FUNCTION whimbrel_convert_trips();

ALTER TABLE trips ENABLE ALWAYS TRIGGER whimbrel_convert_trips;

-- whimbrel:transaction off

-- whimbrel:batch size=2000
UPDATE trips SET extra__new = extra WHERE extra__new IS NULL AND extra IS NOT NULL;

ALTER TABLE trips ADD CONSTRAINT trips_extra__not_null CHECK (extra__new IS NOT NULL) NOT VALID;

ALTER TABLE trips VALIDATE CONSTRAINT trips_extra__not_null;

ANALYZE trips (extra__new);

-- whimbrel:transaction on

LOCK TABLE trips IN ACCESS EXCLUSIVE MODE;

DROP TRIGGER whimbrel_convert_trips ON trips;

DROP FUNCTION whimbrel_convert_trips();

ALTER TABLE trips DROP COLUMN extra;

ALTER TABLE trips RENAME COLUMN extra__new TO extra;

ALTER TABLE trips ALTER COLUMN extra SET NOT NULL;

ALTER TABLE trips DROP CONSTRAINT trips_extra__not_null;

-- whimbrel:engine sqlite

-- whimbrel:transaction off

ALTER TABLE trips ALTER COLUMN extra TYPE jsonb;

-- whimbrel:engine any

-- whimbrel:down

-- whimbrel:engine postgres

-- whimbrel:transaction on

ALTER TABLE trips ADD COLUMN extra__new json;

CREATE FUNCTION whimbrel_convert_trips() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $whimbrel$
BEGIN
    NEW.extra__new := NEW.extra;
    RETURN NEW;
END
$whimbrel$;

CREATE TRIGGER whimbrel_convert_trips BEFORE INSERT OR UPDATE ON trips FOR EACH ROW EXECUTE FUNCTION whimbrel_convert_trips();

ALTER TABLE trips ENABLE ALWAYS TRIGGER whimbrel_convert_trips;

-- whimbrel:transaction off

-- whimbrel:batch size=2000
UPDATE trips SET extra__new = extra WHERE extra__new IS NULL AND extra IS NOT NULL;

ALTER TABLE trips ADD CONSTRAINT trips_extra__not_null CHECK (extra__new IS NOT NULL) NOT VALID;

ALTER TABLE trips VALIDATE CONSTRAINT trips_extra__not_null;

ANALYZE trips (extra__new);

-- whimbrel:transaction on

LOCK TABLE trips IN ACCESS EXCLUSIVE MODE;

DROP TRIGGER whimbrel_convert_trips ON trips;

DROP FUNCTION whimbrel_convert_trips();

ALTER TABLE trips DROP COLUMN extra;

ALTER TABLE trips RENAME COLUMN extra__new TO extra;

ALTER TABLE trips ALTER COLUMN extra SET NOT NULL;

ALTER TABLE trips DROP CONSTRAINT trips_extra__not_null;

-- whimbrel:engine sqlite

-- whimbrel:transaction off

ALTER TABLE trips ALTER COLUMN extra TYPE json;

-- whimbrel:engine any
