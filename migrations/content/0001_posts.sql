-- Posts, pages, authors and tags with the members that Ghost's Content API gives; keys; site settings.
-- Ids are Ghost's: 24 hex digits.

create function touch() returns trigger language plpgsql as $$
begin
  new.updated_at := now();
  new.revision := old.revision + 1;
  return new;
end $$;

create table authors (
  id            text primary key check (id ~ '^[0-9a-f]{24}$'),
  -- The person of the education database that this author stands for.
  user_id       uuid constraint authors_user unique,
  name          text not null check (length(name) between 1 and 200),
  slug          text not null constraint authors_slug unique,
  bio           text,
  profile_image text,
  cover_image   text,
  website       text,
  location      text,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  revision      bigint not null default 1
);
create index authors_by_name on authors (name, id);
create trigger authors_touch before update on authors for each row execute function touch();

create table tags (
  id          text primary key check (id ~ '^[0-9a-f]{24}$'),
  name        text not null check (length(name) between 1 and 200),
  slug        text not null constraint tags_slug unique,
  description text,
  visibility  text not null default 'public' check (visibility in ('public', 'internal')),
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  revision    bigint not null default 1
);
create index tags_by_name on tags (name, id);
create trigger tags_touch before update on tags for each row execute function touch();

create table posts (
  id             text primary key check (id ~ '^[0-9a-f]{24}$'),
  uuid           uuid not null constraint posts_uuid unique,
  -- What this post was made of, such as "lesson:UUID": publishing it again updates the post.
  source_key     text constraint posts_source unique,
  type           text not null default 'post' check (type in ('post', 'page')),
  status         text not null default 'draft' check (status in ('draft', 'published', 'scheduled')),
  visibility     text not null default 'public' check (visibility in ('public', 'members', 'paid')),
  title          text not null check (length(title) between 1 and 255),
  slug           text not null constraint posts_slug unique,
  html           text not null default '',
  plaintext      text not null default '',
  custom_excerpt text check (length(custom_excerpt) <= 300),
  feature_image  text,
  featured       boolean not null default false,
  meta           jsonb not null default '{}' check (jsonb_typeof(meta) = 'object'),
  published_at   timestamptz,
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now(),
  revision       bigint not null default 1,
  check (status <> 'published' or published_at is not null)
);
create index posts_published on posts (type, published_at desc, id desc) where status = 'published';
create index posts_by_time on posts (type, id);
create trigger posts_touch before update on posts for each row execute function touch();

create table post_tags (
  post_id  text not null references posts on delete cascade,
  tag_id   text not null references tags on delete cascade,
  position integer not null,
  primary key (post_id, tag_id)
);
create index post_tags_by_tag on post_tags (tag_id, post_id);

create table post_authors (
  post_id   text not null references posts on delete cascade,
  author_id text not null references authors on delete cascade,
  position  integer not null,
  primary key (post_id, author_id)
);
create index post_authors_by_author on post_authors (author_id, post_id);

-- A Content API key is public by Ghost's design (26 hex digits in the query), so only its digest is kept anyway.
create table content_keys (
  id         uuid primary key,
  name       text not null check (length(name) between 1 and 100),
  key_hash   bytea not null constraint content_keys_hash unique,
  created_at timestamptz not null default now(),
  revoked_at timestamptz
);

create table site_settings (
  key        text primary key,
  value      jsonb not null,
  updated_at timestamptz not null default now()
);
insert into site_settings (key, value) values
  ('title', '"ToolboxAI"'), ('description', '"Lessons by our teachers"'), ('lang', '"en"'),
  ('locale', '"en"'), ('timezone', '"Etc/UTC"');
