-- create tables

-- whimbrel:up

CREATE TABLE users (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    email varchar(255) NOT NULL,
    username varchar(50) NOT NULL,
    full_name varchar(100),
    hashed_password varchar(255) NOT NULL,
    is_active boolean DEFAULT true,
    is_superuser boolean DEFAULT false,
    created_at timestamp DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_email_key UNIQUE (email),
    CONSTRAINT users_username_key UNIQUE (username)
);

CREATE INDEX idx_users_email ON users (email);

CREATE TABLE trips (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    title varchar(255) NOT NULL,
    destination varchar(255) NOT NULL,
    start_date date NOT NULL,
    end_date date NOT NULL,
    budget numeric(10,2),
    description text,
    status varchar(20) DEFAULT 'planned',
    trip_type varchar(20) DEFAULT 'leisure',
    user_id uuid,
    created_at timestamp DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT trips_pkey PRIMARY KEY (id),
    CONSTRAINT fk_trips_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT trips_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT chk_trip_budget CHECK (budget IS NULL OR budget >= 0),
    CONSTRAINT chk_trip_dates CHECK (end_date > start_date)
);

CREATE INDEX idx_trips_dates ON trips (start_date, end_date);

CREATE INDEX idx_trips_destination ON trips (destination);

CREATE INDEX idx_trips_user_id ON trips (user_id);

CREATE INDEX idx_trips_user_status_date ON trips (user_id, status, start_date);

CREATE TABLE bookings (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    trip_id uuid,
    booking_type varchar(50) NOT NULL,
    provider varchar(255) NOT NULL,
    confirmation_number varchar(100) NOT NULL,
    amount numeric(10,2) NOT NULL,
    currency varchar(3) DEFAULT 'USD',
    booking_date date NOT NULL,
    travel_date date NOT NULL,
    status varchar(20) DEFAULT 'confirmed',
    created_at timestamp DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT bookings_pkey PRIMARY KEY (id),
    CONSTRAINT bookings_trip_id_fkey FOREIGN KEY (trip_id) REFERENCES trips (id) ON DELETE CASCADE
);

CREATE INDEX idx_bookings_trip_id ON bookings (trip_id);

CREATE INDEX idx_bookings_type_date ON bookings (booking_type, travel_date);

CREATE TABLE conversations (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    trip_id uuid,
    title varchar(255) NOT NULL,
    is_active boolean DEFAULT true,
    created_at timestamp DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT conversations_pkey PRIMARY KEY (id),
    CONSTRAINT conversations_trip_id_fkey FOREIGN KEY (trip_id) REFERENCES trips (id) ON DELETE CASCADE
);

CREATE INDEX idx_conversations_trip_id ON conversations (trip_id);

CREATE TABLE conversation_messages (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    conversation_id uuid,
    content text NOT NULL,
    message_type varchar(20) DEFAULT 'text',
    sender_type varchar(20) DEFAULT 'user',
    created_at timestamp DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT conversation_messages_pkey PRIMARY KEY (id),
    CONSTRAINT conversation_messages_conversation_id_fkey FOREIGN KEY (conversation_id) REFERENCES conversations (id) ON DELETE CASCADE
);

CREATE TABLE itineraries (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    trip_id uuid,
    day integer NOT NULL,
    title varchar(255) NOT NULL,
    description text,
    activities text[],
    start_time time,
    end_time time,
    location varchar(255),
    created_at timestamp DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT itineraries_pkey PRIMARY KEY (id),
    CONSTRAINT itineraries_trip_id_fkey FOREIGN KEY (trip_id) REFERENCES trips (id) ON DELETE CASCADE
);

CREATE TABLE trip_collaborators (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    trip_id uuid,
    user_id uuid,
    inviter_id uuid,
    role varchar(20) DEFAULT 'viewer',
    status varchar(20) DEFAULT 'pending',
    invited_at timestamp DEFAULT CURRENT_TIMESTAMP,
    accepted_at timestamp,
    CONSTRAINT trip_collaborators_pkey PRIMARY KEY (id),
    CONSTRAINT trip_collaborators_inviter_id_fkey FOREIGN KEY (inviter_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT trip_collaborators_trip_id_fkey FOREIGN KEY (trip_id) REFERENCES trips (id) ON DELETE CASCADE,
    CONSTRAINT trip_collaborators_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

-- whimbrel:down

DROP TABLE trip_collaborators;

DROP TABLE itineraries;

DROP TABLE conversation_messages;

DROP TABLE conversations;

DROP TABLE bookings;

DROP TABLE trips;

DROP TABLE users;
