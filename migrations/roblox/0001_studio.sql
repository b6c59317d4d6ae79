-- Roblox Studio sessions and what is delivered to them; game servers and the players they report on.
-- People, classes and lessons live in the education database and are named by their ids only.

create function touch() returns trigger language plpgsql as $$
begin
  new.updated_at := now();
  new.revision := old.revision + 1;
  return new;
end $$;

-- A teacher asks for a code on the dashboard and types it into the plugin; used once.
create table pairing_codes (
  code_hash  bytea primary key,
  user_id    uuid not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index pairing_codes_by_user on pairing_codes (user_id);

create table studio_sessions (
  id             uuid primary key,
  user_id        uuid not null,
  token_hash     bytea not null constraint studio_sessions_token unique,
  place_id       bigint,
  place_name     text not null default '' check (length(place_name) <= 200),
  plugin_version text not null default '' check (length(plugin_version) <= 40),
  -- The instance tree that the plugin last said it has applied: patches are computed against it.
  tree           jsonb,
  applied_seq    bigint not null default 0,
  last_seen_at   timestamptz not null default now(),
  expires_at     timestamptz not null,
  ended_at       timestamptz,
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now(),
  revision       bigint not null default 1
);
create index studio_sessions_by_user on studio_sessions (user_id, id);
create trigger studio_sessions_touch before update on studio_sessions for each row execute function touch();

-- Something a teacher's Studio sessions shall receive. seq is the cursor of the long poll: made under a lock per
-- user, so it becomes visible in ascending order.
create table deliveries (
  id         uuid primary key,
  user_id    uuid not null,
  seq        bigint not null,
  -- The same key is delivered once, whatever is retried.
  key        text not null check (length(key) between 1 and 200),
  lesson_id  uuid not null,
  tree       jsonb not null,
  created_at timestamptz not null default now(),
  constraint deliveries_key unique (user_id, key),
  constraint deliveries_seq unique (user_id, seq)
);

-- What became of a delivery in each session.
create table delivery_receipts (
  session_id  uuid not null references studio_sessions on delete cascade,
  delivery_id uuid not null references deliveries on delete cascade,
  state       text not null check (state in ('applied', 'failed')),
  error       text check (length(error) <= 2000),
  created_at  timestamptz not null default now(),
  primary key (session_id, delivery_id)
);
create index delivery_receipts_by_delivery on delivery_receipts (delivery_id);

create function add_delivery(id uuid, user_id uuid, key text, lesson_id uuid, tree jsonb) returns bigint
language plpgsql as $$
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

create table game_servers (
  id           uuid primary key,
  user_id      uuid not null,
  class_id     uuid not null,
  name         text not null check (length(name) between 1 and 100),
  key_hash     bytea not null constraint game_servers_key unique,
  last_used_at timestamptz,
  revoked_at   timestamptz,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  revision     bigint not null default 1
);
create index game_servers_by_user on game_servers (user_id, id);
create trigger game_servers_touch before update on game_servers for each row execute function touch();

-- Which student plays as which Roblox user.
create table players (
  roblox_user_id bigint primary key check (roblox_user_id > 0),
  student_id     uuid not null constraint players_student unique,
  created_at     timestamptz not null default now()
);
