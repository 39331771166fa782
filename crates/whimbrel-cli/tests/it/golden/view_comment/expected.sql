-- the change

-- whimbrel:up

COMMENT ON VIEW named IS 'Those with names.';

-- whimbrel:down

COMMENT ON VIEW named IS NULL;
