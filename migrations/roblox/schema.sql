-- What the migrations of this folder make, for readers; `toolboxd migrate up` writes it.

CREATE FUNCTION public.add_delivery(id uuid, user_id uuid, key text, lesson_id uuid, tree jsonb) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
declare new_seq bigint;
begin
  perform pg_advisory_xact_lock(hashtextextended(add_delivery.user_id::text, 0));
  select d.seq into new_seq from deliveries d where d.user_id = add_delivery.user_id and d.key = add_delivery.key;
  if found then return new_seq; end if;
  select coalesce(max(d.seq), 0) + 1 into new_seq from deliveries d where d.user_id = add_delivery.user_id;
  insert into deliveries (id, user_id, seq, key, lesson_id, tree) values
    (add_delivery.id, add_delivery.user_id, new_seq, add_delivery.key, add_delivery.lesson_id, add_delivery.tree);
  perform pg_notify('deliveries', add_delivery.user_id::text);
  return new_seq;
end $$;

CREATE FUNCTION public.touch() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  new.updated_at := now();
  new.revision := old.revision + 1;
  return new;
end $$;

CREATE TABLE public.deliveries (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    seq bigint NOT NULL,
    key text NOT NULL,
    lesson_id uuid NOT NULL,
    tree jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT deliveries_key_check CHECK (((length(key) >= 1) AND (length(key) <= 200)))
);

CREATE TABLE public.delivery_receipts (
    session_id uuid NOT NULL,
    delivery_id uuid NOT NULL,
    state text NOT NULL,
    error text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT delivery_receipts_error_check CHECK ((length(error) <= 2000)),
    CONSTRAINT delivery_receipts_state_check CHECK ((state = ANY (ARRAY['applied'::text, 'failed'::text])))
);

CREATE TABLE public.game_servers (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    class_id uuid NOT NULL,
    name text NOT NULL,
    key_hash bytea NOT NULL,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    CONSTRAINT game_servers_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))
);

CREATE TABLE public.pairing_codes (
    code_hash bytea NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.players (
    roblox_user_id bigint NOT NULL,
    student_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT players_roblox_user_id_check CHECK ((roblox_user_id > 0))
);

CREATE TABLE public.studio_sessions (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    place_id bigint,
    place_name text DEFAULT ''::text NOT NULL,
    plugin_version text DEFAULT ''::text NOT NULL,
    tree jsonb,
    applied_seq bigint DEFAULT 0 NOT NULL,
    last_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    CONSTRAINT studio_sessions_place_name_check CHECK ((length(place_name) <= 200)),
    CONSTRAINT studio_sessions_plugin_version_check CHECK ((length(plugin_version) <= 40))
);

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_key UNIQUE (user_id, key);

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_seq UNIQUE (user_id, seq);

ALTER TABLE ONLY public.delivery_receipts
    ADD CONSTRAINT delivery_receipts_pkey PRIMARY KEY (session_id, delivery_id);

ALTER TABLE ONLY public.game_servers
    ADD CONSTRAINT game_servers_key UNIQUE (key_hash);

ALTER TABLE ONLY public.game_servers
    ADD CONSTRAINT game_servers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.pairing_codes
    ADD CONSTRAINT pairing_codes_pkey PRIMARY KEY (code_hash);

ALTER TABLE ONLY public.players
    ADD CONSTRAINT players_pkey PRIMARY KEY (roblox_user_id);

ALTER TABLE ONLY public.players
    ADD CONSTRAINT players_student UNIQUE (student_id);

ALTER TABLE ONLY public.studio_sessions
    ADD CONSTRAINT studio_sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.studio_sessions
    ADD CONSTRAINT studio_sessions_token UNIQUE (token_hash);

CREATE INDEX delivery_receipts_by_delivery ON public.delivery_receipts USING btree (delivery_id);

CREATE INDEX game_servers_by_user ON public.game_servers USING btree (user_id, id);

CREATE INDEX pairing_codes_by_user ON public.pairing_codes USING btree (user_id);

CREATE INDEX studio_sessions_by_user ON public.studio_sessions USING btree (user_id, id);

CREATE TRIGGER game_servers_touch BEFORE UPDATE ON public.game_servers FOR EACH ROW EXECUTE FUNCTION public.touch();

CREATE TRIGGER studio_sessions_touch BEFORE UPDATE ON public.studio_sessions FOR EACH ROW EXECUTE FUNCTION public.touch();

ALTER TABLE ONLY public.delivery_receipts
    ADD CONSTRAINT delivery_receipts_delivery_id_fkey FOREIGN KEY (delivery_id) REFERENCES public.deliveries(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.delivery_receipts
    ADD CONSTRAINT delivery_receipts_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.studio_sessions(id) ON DELETE CASCADE;
