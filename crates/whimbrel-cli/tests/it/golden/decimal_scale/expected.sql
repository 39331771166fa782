-- the change
--
-- Mind:
-- - trips.budget becomes the last column of trips; rights on that column alone are not carried over

-- whimbrel:up

-- whimbrel:engine postgres

-- whimbrel:transaction on

ALTER TABLE trips ADD COLUMN budget__new numeric(12,3);

CREATE FUNCTION whimbrel_convert_trips() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $whimbrel$
BEGIN
    NEW.budget__new := NEW.budget;
    RETURN NEW;
END
$whimbrel$;

CREATE TRIGGER whimbrel_convert_trips BEFORE INSERT OR UPDATE ON trips FOR EACH ROW EXECUTE FUNCTION whimbrel_convert_trips();

ALTER TABLE trips ENABLE ALWAYS TRIGGER whimbrel_convert_trips;

-- whimbrel:transaction off

-- whimbrel:batch size=2000
UPDATE trips SET budget__new = budget WHERE budget__new IS NULL AND budget IS NOT NULL;

ALTER TABLE trips ADD CONSTRAINT trips_budget__not_null CHECK (budget__new IS NOT NULL) NOT VALID;

ALTER TABLE trips VALIDATE CONSTRAINT trips_budget__not_null;

ANALYZE trips (budget__new);

-- whimbrel:transaction on

LOCK TABLE trips IN ACCESS EXCLUSIVE MODE;

DROP TRIGGER whimbrel_convert_trips ON trips;

DROP FUNCTION whimbrel_convert_trips();

ALTER TABLE trips DROP COLUMN budget;

ALTER TABLE trips RENAME COLUMN budget__new TO budget;

ALTER TABLE trips ALTER COLUMN budget SET NOT NULL;

ALTER TABLE trips DROP CONSTRAINT trips_budget__not_null;

-- whimbrel:engine sqlite

-- whimbrel:transaction off

ALTER TABLE trips ALTER COLUMN budget TYPE numeric(12,3);

-- whimbrel:engine any

-- whimbrel:down

-- whimbrel:engine postgres

-- whimbrel:transaction on

ALTER TABLE trips ADD COLUMN budget__new numeric(10,2);

CREATE FUNCTION whimbrel_convert_trips() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $whimbrel$
BEGIN
    NEW.budget__new := NEW.budget;
    RETURN NEW;
END
$whimbrel$;

CREATE TRIGGER whimbrel_convert_trips BEFORE INSERT OR UPDATE ON trips FOR EACH ROW EXECUTE FUNCTION whimbrel_convert_trips();

ALTER TABLE trips ENABLE ALWAYS TRIGGER whimbrel_convert_trips;

-- whimbrel:transaction off

-- whimbrel:batch size=2000
UPDATE trips SET budget__new = budget WHERE budget__new IS NULL AND budget IS NOT NULL;

ALTER TABLE trips ADD CONSTRAINT trips_budget__not_null CHECK (budget__new IS NOT NULL) NOT VALID;

ALTER TABLE trips VALIDATE CONSTRAINT trips_budget__not_null;

ANALYZE trips (budget__new);

-- whimbrel:transaction on

LOCK TABLE trips IN ACCESS EXCLUSIVE MODE;

DROP TRIGGER whimbrel_convert_trips ON trips;

DROP FUNCTION whimbrel_convert_trips();

ALTER TABLE trips DROP COLUMN budget;

ALTER TABLE trips RENAME COLUMN budget__new TO budget;

ALTER TABLE trips ALTER COLUMN budget SET NOT NULL;

ALTER TABLE trips DROP CONSTRAINT trips_budget__not_null;

-- whimbrel:engine sqlite

-- whimbrel:transaction off

ALTER TABLE trips ALTER COLUMN budget TYPE numeric(10,2);

-- whimbrel:engine any
