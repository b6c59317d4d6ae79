-- What the migrations of this folder make, for readers; `toolboxd migrate up` writes it.

CREATE FUNCTION public.touch() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  new.updated_at := now();
  new.revision := old.revision + 1;
  return new;
end $$;

CREATE TABLE public.authors (
    id text NOT NULL,
    user_id uuid,
    name text NOT NULL,
    slug text NOT NULL,
    bio text,
    profile_image text,
    cover_image text,
    website text,
    location text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    CONSTRAINT authors_id_check CHECK ((id ~ '^[0-9a-f]{24}$'::text)),
    CONSTRAINT authors_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);

CREATE TABLE public.content_keys (
    id uuid NOT NULL,
    name text NOT NULL,
    key_hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT content_keys_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))
);

CREATE TABLE public.post_authors (
    post_id text NOT NULL,
    author_id text NOT NULL,
    "position" integer NOT NULL
);

CREATE TABLE public.post_tags (
    post_id text NOT NULL,
    tag_id text NOT NULL,
    "position" integer NOT NULL
);

CREATE TABLE public.posts (
    id text NOT NULL,
    uuid uuid NOT NULL,
    source_key text,
    type text DEFAULT 'post'::text NOT NULL,
    status text DEFAULT 'draft'::text NOT NULL,
    visibility text DEFAULT 'public'::text NOT NULL,
    title text NOT NULL,
    slug text NOT NULL,
    html text DEFAULT ''::text NOT NULL,
    plaintext text DEFAULT ''::text NOT NULL,
    custom_excerpt text,
    feature_image text,
    featured boolean DEFAULT false NOT NULL,
    meta jsonb DEFAULT '{}'::jsonb NOT NULL,
    published_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    CONSTRAINT posts_check CHECK (((status <> 'published'::text) OR (published_at IS NOT NULL))),
    CONSTRAINT posts_custom_excerpt_check CHECK ((length(custom_excerpt) <= 300)),
    CONSTRAINT posts_id_check CHECK ((id ~ '^[0-9a-f]{24}$'::text)),
    CONSTRAINT posts_meta_check CHECK ((jsonb_typeof(meta) = 'object'::text)),
    CONSTRAINT posts_status_check CHECK ((status = ANY (ARRAY['draft'::text, 'published'::text, 'scheduled'::text]))),
    CONSTRAINT posts_title_check CHECK (((length(title) >= 1) AND (length(title) <= 255))),
    CONSTRAINT posts_type_check CHECK ((type = ANY (ARRAY['post'::text, 'page'::text]))),
    CONSTRAINT posts_visibility_check CHECK ((visibility = ANY (ARRAY['public'::text, 'members'::text, 'paid'::text])))
);

CREATE TABLE public.site_settings (
    key text NOT NULL,
    value jsonb NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.tags (
    id text NOT NULL,
    name text NOT NULL,
    slug text NOT NULL,
    description text,
    visibility text DEFAULT 'public'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    revision bigint DEFAULT 1 NOT NULL,
    CONSTRAINT tags_id_check CHECK ((id ~ '^[0-9a-f]{24}$'::text)),
    CONSTRAINT tags_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT tags_visibility_check CHECK ((visibility = ANY (ARRAY['public'::text, 'internal'::text])))
);

ALTER TABLE ONLY public.authors
    ADD CONSTRAINT authors_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.authors
    ADD CONSTRAINT authors_slug UNIQUE (slug);

ALTER TABLE ONLY public.authors
    ADD CONSTRAINT authors_user UNIQUE (user_id);

ALTER TABLE ONLY public.content_keys
    ADD CONSTRAINT content_keys_hash UNIQUE (key_hash);

ALTER TABLE ONLY public.content_keys
    ADD CONSTRAINT content_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.post_authors
    ADD CONSTRAINT post_authors_pkey PRIMARY KEY (post_id, author_id);

ALTER TABLE ONLY public.post_tags
    ADD CONSTRAINT post_tags_pkey PRIMARY KEY (post_id, tag_id);

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_slug UNIQUE (slug);

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_source UNIQUE (source_key);

ALTER TABLE ONLY public.posts
    ADD CONSTRAINT posts_uuid UNIQUE (uuid);

ALTER TABLE ONLY public.site_settings
    ADD CONSTRAINT site_settings_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.tags
    ADD CONSTRAINT tags_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.tags
    ADD CONSTRAINT tags_slug UNIQUE (slug);

CREATE INDEX authors_by_name ON public.authors USING btree (name, id);

CREATE INDEX post_authors_by_author ON public.post_authors USING btree (author_id, post_id);

CREATE INDEX post_tags_by_tag ON public.post_tags USING btree (tag_id, post_id);

CREATE INDEX posts_by_time ON public.posts USING btree (type, id);

CREATE INDEX posts_published ON public.posts USING btree (type, published_at DESC, id DESC) WHERE (status = 'published'::text);

CREATE INDEX tags_by_name ON public.tags USING btree (name, id);

CREATE TRIGGER authors_touch BEFORE UPDATE ON public.authors FOR EACH ROW EXECUTE FUNCTION public.touch();

CREATE TRIGGER posts_touch BEFORE UPDATE ON public.posts FOR EACH ROW EXECUTE FUNCTION public.touch();

CREATE TRIGGER tags_touch BEFORE UPDATE ON public.tags FOR EACH ROW EXECUTE FUNCTION public.touch();

ALTER TABLE ONLY public.post_authors
    ADD CONSTRAINT post_authors_author_id_fkey FOREIGN KEY (author_id) REFERENCES public.authors(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.post_authors
    ADD CONSTRAINT post_authors_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.posts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.post_tags
    ADD CONSTRAINT post_tags_post_id_fkey FOREIGN KEY (post_id) REFERENCES public.posts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.post_tags
    ADD CONSTRAINT post_tags_tag_id_fkey FOREIGN KEY (tag_id) REFERENCES public.tags(id) ON DELETE CASCADE;
