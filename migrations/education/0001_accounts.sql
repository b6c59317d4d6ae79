-- Schools, people, their links and their sessions.
--
-- Ids are version 7 UUIDs made by the caller: they sort by time, so "newest first" is an index on the id.
-- Personal fields (email, date of birth) are stored sealed; *_index columns are keyed digests to look them up by.

-- Every changeable row carries updated_at and revision; ETags are made of the revision.
create function touch() returns trigger language plpgsql as $$
begin
  new.updated_at := now();
  new.revision := old.revision + 1;
  return new;
end $$;

create table schools (
  id         uuid primary key,
  name       text not null check (length(name) between 1 and 200),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  revision   bigint not null default 1
);
create trigger schools_touch before update on schools for each row execute function touch();

create table users (
  id                uuid primary key,
  school_id         uuid references schools,
  role              text not null check (role in ('student', 'teacher', 'parent', 'admin')),
  login             text not null check (login = lower(login) and length(login) between 3 and 64),
  name              text not null check (length(name) between 1 and 200),
  password_hash     text not null,
  email_sealed      bytea,
  email_index       bytea,
  birth_date_sealed bytea,
  state             text not null default 'active' check (state in ('active', 'suspended')),
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now(),
  revision          bigint not null default 1,
  constraint users_login unique (login),
  constraint users_email unique (email_index)
);
create index users_by_school on users (school_id, id);
create trigger users_touch before update on users for each row execute function touch();

create table parent_links (
  parent_id  uuid not null references users on delete cascade,
  child_id   uuid not null references users on delete cascade,
  created_at timestamptz not null default now(),
  primary key (parent_id, child_id),
  check (parent_id <> child_id)
);
create index parent_links_by_child on parent_links (child_id, parent_id);

-- A code that lets a parent link a child: made by the child or its teacher, used once.
create table link_codes (
  code_hash  bytea primary key,
  child_id   uuid not null references users on delete cascade,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index link_codes_by_child on link_codes (child_id);

-- A session is one log-in on one device: the family of refresh tokens that descend from it.
-- Access tokens name it (claim sid), so ending the row ends them all.
create table sessions (
  id           uuid primary key,
  user_id      uuid not null references users on delete cascade,
  created_at   timestamptz not null default now(),
  last_used_at timestamptz not null default now(),
  expires_at   timestamptz not null,
  ended_at     timestamptz,
  end_reason   text check (end_reason in ('logout', 'reuse', 'suspended', 'password', 'admin')),
  client       text not null default '',
  address      text not null default '',
  check ((ended_at is null) = (end_reason is null))
);
create index sessions_by_user on sessions (user_id, id);
create index sessions_ended on sessions (ended_at) where ended_at is not null;

create table refresh_tokens (
  token_hash bytea primary key,
  session_id uuid not null references sessions on delete cascade,
  created_at timestamptz not null default now(),
  used_at    timestamptz
);
create index refresh_tokens_by_session on refresh_tokens (session_id);

-- Whoever ends a session, every worker hears of it.
create function session_ended() returns trigger language plpgsql as $$
begin
  perform pg_notify('session_end', new.id::text);
  return null;
end $$;
create trigger sessions_end after update of ended_at on sessions
  for each row when (old.ended_at is null and new.ended_at is not null) execute function session_ended();
