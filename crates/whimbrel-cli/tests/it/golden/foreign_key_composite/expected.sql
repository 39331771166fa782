-- the change
--
-- Mind:
-- - this fails when stops holds rows that refer to no row of trips

-- whimbrel:up

ALTER TABLE stops ADD CONSTRAINT stops_tenant_trip_id_fkey FOREIGN KEY (tenant, trip_id) REFERENCES trips (tenant, id) ON DELETE CASCADE;

-- whimbrel:down

ALTER TABLE stops DROP CONSTRAINT stops_tenant_trip_id_fkey;
