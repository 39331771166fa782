DROP INDEX idx_trips_city;
UPDATE trips SET city = 'Lima';
\set ON_ERROR_STOP off
CREATE UNIQUE INDEX CONCURRENTLY idx_trips_city ON trips (city);
\set ON_ERROR_STOP on
UPDATE trips SET city = 'Cusco' WHERE id = 2;
