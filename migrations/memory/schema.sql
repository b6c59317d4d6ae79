-- What the migrations of this folder make, for readers; `toolboxd migrate up` writes it.

CREATE FUNCTION public.touch() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  new.updated_at := now();
  new.revision := old.revision + 1;
  return new;
end $$;

CREATE TABLE public.mcp_sessions (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    protocol_version text NOT NULL,
    client jsonb DEFAULT '{}'::jsonb NOT NULL,
    state jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone
);

CREATE TABLE public.memories (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    context text DEFAULT 'default'::text NOT NULL,
    key text,
    category text DEFAULT 'knowledge'::text NOT NULL,
    source text DEFAULT ''::text NOT NULL,
    content text NOT NULL,
    tokens integer NOT NULL,
    priority integer DEFAULT 50 NOT NULL,
    pinned boolean DEFAULT false NOT NULL,
    last_used_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    search tsvector GENERATED ALWAYS AS (to_tsvector('english'::regconfig, content)) STORED,
    CONSTRAINT memories_category_check CHECK ((category = ANY (ARRAY['system'::text, 'user'::text, 'history'::text, 'knowledge'::text, 'workspace'::text]))),
    CONSTRAINT memories_content_check CHECK (((length(content) >= 1) AND (length(content) <= 200000))),
    CONSTRAINT memories_context_check CHECK (((length(context) >= 1) AND (length(context) <= 100))),
    CONSTRAINT memories_key_check CHECK (((length(key) >= 1) AND (length(key) <= 200))),
    CONSTRAINT memories_priority_check CHECK (((priority >= 0) AND (priority <= 100))),
    CONSTRAINT memories_source_check CHECK ((length(source) <= 100)),
    CONSTRAINT memories_tokens_check CHECK ((tokens >= 0))
);

ALTER TABLE ONLY public.mcp_sessions
    ADD CONSTRAINT mcp_sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.memories
    ADD CONSTRAINT memories_key UNIQUE (user_id, context, key);

ALTER TABLE ONLY public.memories
    ADD CONSTRAINT memories_pkey PRIMARY KEY (id);

CREATE INDEX mcp_sessions_by_user ON public.mcp_sessions USING btree (user_id, id);

CREATE INDEX memories_by_user ON public.memories USING btree (user_id, context, id);

CREATE INDEX memories_search ON public.memories USING gin (search);

CREATE TRIGGER memories_touch BEFORE UPDATE ON public.memories FOR EACH ROW EXECUTE FUNCTION public.touch();
