-- the change
--
-- Mind:
-- - this fails when stops holds rows that refer to no row of trips

-- whimbrel:up

-- whimbrel:transaction off

ALTER TABLE stops ADD CONSTRAINT stops_tenant_trip_id_fkey FOREIGN KEY (tenant, trip_id) REFERENCES trips (tenant, id) ON DELETE CASCADE NOT VALID;

ALTER TABLE stops VALIDATE CONSTRAINT stops_tenant_trip_id_fkey;

-- whimbrel:down

ALTER TABLE stops DROP CONSTRAINT stops_tenant_trip_id_fkey;
