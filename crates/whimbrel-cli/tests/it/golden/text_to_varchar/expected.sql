-- the change
--
-- Mind:
-- - this fails when trips.title holds values that do not fit the new type
-- - trips.title becomes the last column of trips; rights on that column alone are not carried over

-- whimbrel:up

-- whimbrel:engine postgres

-- whimbrel:transaction on

ALTER TABLE trips ADD COLUMN title__new varchar(40);

CREATE FUNCTION whimbrel_convert_trips() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $whimbrel$
BEGIN
    NEW.title__new := NEW.title;
    RETURN NEW;
END
$whimbrel$;

CREATE TRIGGER whimbrel_convert_trips BEFORE INSERT OR UPDATE ON trips FOR EACH ROW EXECUTE FUNCTION whimbrel_convert_trips();

ALTER TABLE trips ENABLE ALWAYS TRIGGER whimbrel_convert_trips;

-- whimbrel:transaction off

-- whimbrel:batch size=2000
UPDATE trips SET title__new = title WHERE title__new IS NULL AND title IS NOT NULL;

ALTER TABLE trips ADD CONSTRAINT trips_title__not_null CHECK (title__new IS NOT NULL) NOT VALID;

ALTER TABLE trips VALIDATE CONSTRAINT trips_title__not_null;

ANALYZE trips (title__new);

-- whimbrel:transaction on

LOCK TABLE trips IN ACCESS EXCLUSIVE MODE;

DROP TRIGGER whimbrel_convert_trips ON trips;

DROP FUNCTION whimbrel_convert_trips();

ALTER TABLE trips DROP COLUMN title;

ALTER TABLE trips RENAME COLUMN title__new TO title;

ALTER TABLE trips ALTER COLUMN title SET NOT NULL;

ALTER TABLE trips DROP CONSTRAINT trips_title__not_null;

-- whimbrel:engine sqlite

-- whimbrel:transaction off

ALTER TABLE trips ALTER COLUMN title TYPE varchar(40);

-- whimbrel:engine any

-- whimbrel:down

ALTER TABLE trips ALTER COLUMN title TYPE text;
