-- the change
--
-- Mind:
-- - code that uses trips.seats fails from then on; where it cannot stop, add places beside it and drop trips.seats later (expand and contract)
-- - trips.places becomes the last column of trips; rights on that column alone are not carried over

-- whimbrel:up

-- whimbrel:transaction off

ALTER TABLE trips RENAME COLUMN seats TO places;

-- whimbrel:engine postgres

-- whimbrel:transaction on

ALTER TABLE trips ADD COLUMN places__new bigint;

CREATE FUNCTION whimbrel_convert_trips() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $whimbrel$
BEGIN
    NEW.places__new := NEW.places;
    RETURN NEW;
END
$whimbrel$;

CREATE TRIGGER whimbrel_convert_trips BEFORE INSERT OR UPDATE ON trips FOR EACH ROW EXECUTE FUNCTION whimbrel_convert_trips();

ALTER TABLE trips ENABLE ALWAYS TRIGGER whimbrel_convert_trips;

-- whimbrel:transaction off

-- whimbrel:batch size=2000
UPDATE trips SET places__new = places WHERE places__new IS NULL AND places IS NOT NULL;

ALTER TABLE trips ADD CONSTRAINT trips_places__not_null CHECK (places__new IS NOT NULL) NOT VALID;

ALTER TABLE trips VALIDATE CONSTRAINT trips_places__not_null;

ANALYZE trips (places__new);

-- whimbrel:transaction on

LOCK TABLE trips IN ACCESS EXCLUSIVE MODE;

DROP TRIGGER whimbrel_convert_trips ON trips;

DROP FUNCTION whimbrel_convert_trips();

ALTER TABLE trips DROP COLUMN places;

ALTER TABLE trips RENAME COLUMN places__new TO places;

ALTER TABLE trips ALTER COLUMN places SET NOT NULL;

ALTER TABLE trips DROP CONSTRAINT trips_places__not_null;

-- whimbrel:engine sqlite

-- whimbrel:transaction off

ALTER TABLE trips ALTER COLUMN places TYPE bigint;

-- whimbrel:engine any

-- whimbrel:down

-- whimbrel:engine postgres

-- whimbrel:transaction on

ALTER TABLE trips ADD COLUMN places__new integer;

CREATE FUNCTION whimbrel_convert_trips() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $whimbrel$
BEGIN
    NEW.places__new := NEW.places;
    RETURN NEW;
END
$whimbrel$;

CREATE TRIGGER whimbrel_convert_trips BEFORE INSERT OR UPDATE ON trips FOR EACH ROW EXECUTE FUNCTION whimbrel_convert_trips();

ALTER TABLE trips ENABLE ALWAYS TRIGGER whimbrel_convert_trips;

-- whimbrel:transaction off

-- whimbrel:batch size=2000
UPDATE trips SET places__new = places WHERE places__new IS NULL AND places IS NOT NULL;

ALTER TABLE trips ADD CONSTRAINT trips_places__not_null CHECK (places__new IS NOT NULL) NOT VALID;

ALTER TABLE trips VALIDATE CONSTRAINT trips_places__not_null;

ANALYZE trips (places__new);

-- whimbrel:transaction on

LOCK TABLE trips IN ACCESS EXCLUSIVE MODE;

DROP TRIGGER whimbrel_convert_trips ON trips;

DROP FUNCTION whimbrel_convert_trips();

ALTER TABLE trips DROP COLUMN places;

ALTER TABLE trips RENAME COLUMN places__new TO places;

ALTER TABLE trips ALTER COLUMN places SET NOT NULL;

ALTER TABLE trips DROP CONSTRAINT trips_places__not_null;

-- whimbrel:engine sqlite

-- whimbrel:transaction off

ALTER TABLE trips ALTER COLUMN places TYPE integer;

-- whimbrel:engine any

ALTER TABLE trips RENAME COLUMN places TO seats;
