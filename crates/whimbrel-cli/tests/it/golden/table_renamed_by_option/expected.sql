-- the change
--
-- Mind:
-- - code that uses trips fails from then on; where it cannot stop, add journeys beside it and drop trips later (expand and contract)

-- whimbrel:up

ALTER TABLE trips RENAME TO journeys;

ALTER TABLE journeys RENAME CONSTRAINT trips_pkey TO journeys_pkey;

ALTER INDEX idx_trips_title RENAME TO idx_journeys_title;

-- whimbrel:down

ALTER INDEX idx_journeys_title RENAME TO idx_trips_title;

ALTER TABLE journeys RENAME CONSTRAINT journeys_pkey TO trips_pkey;

ALTER TABLE journeys RENAME TO trips;
