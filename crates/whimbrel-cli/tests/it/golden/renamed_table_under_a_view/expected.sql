-- the change
--
-- Mind:
-- - code that uses trips fails from then on; where it cannot stop, add journeys beside it and drop trips later (expand and contract)

-- whimbrel:up

DROP VIEW named;

ALTER TABLE trips RENAME TO journeys;

ALTER TABLE journeys RENAME CONSTRAINT trips_pkey TO journeys_pkey;

CREATE VIEW named AS
SELECT id, title FROM journeys;

-- whimbrel:down

DROP VIEW named;

ALTER TABLE journeys RENAME CONSTRAINT journeys_pkey TO trips_pkey;

ALTER TABLE journeys RENAME TO trips;

CREATE VIEW named AS
SELECT id, title FROM trips;
