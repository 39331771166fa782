-- the change

-- whimbrel:up

DROP VIEW again;

DROP VIEW named;

CREATE VIEW named AS
SELECT id, title FROM trips WHERE id > 0;

CREATE VIEW again AS
SELECT id, title FROM named;

-- whimbrel:down

DROP VIEW again;

DROP VIEW named;

CREATE VIEW named AS
SELECT id, title FROM trips;

CREATE VIEW again AS
SELECT id, title FROM named;
