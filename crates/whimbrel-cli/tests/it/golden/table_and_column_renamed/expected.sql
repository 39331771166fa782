-- the change
--
-- Mind:
-- - code that uses trips fails from then on; where it cannot stop, add journeys beside it and drop trips later (expand and contract)
-- - code that uses journeys.title fails from then on; where it cannot stop, add name beside it and drop journeys.title later (expand and contract)

-- whimbrel:up

ALTER TABLE trips RENAME TO journeys;

ALTER TABLE journeys RENAME COLUMN title TO name;

ALTER TABLE journeys RENAME CONSTRAINT trips_pkey TO journeys_pkey;

-- whimbrel:down

ALTER TABLE journeys RENAME CONSTRAINT journeys_pkey TO trips_pkey;

ALTER TABLE journeys RENAME COLUMN name TO title;

ALTER TABLE journeys RENAME TO trips;
