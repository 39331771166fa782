-- the change
--
-- Mind:
-- - this fails when trips holds rows that refer to no row of trips

-- whimbrel:up

-- whimbrel:transaction off

ALTER TABLE trips ADD CONSTRAINT trips_parent_fkey FOREIGN KEY (parent) REFERENCES trips (id) NOT VALID;

ALTER TABLE trips VALIDATE CONSTRAINT trips_parent_fkey;

-- whimbrel:down

ALTER TABLE trips DROP CONSTRAINT trips_parent_fkey;
