-- What AI clients keep between conversations, one store per person, and the MCP sessions that survive a restart.

create function touch() returns trigger language plpgsql as $$
begin
  new.updated_at := now();
  new.revision := old.revision + 1;
  return new;
end $$;

create table memories (
  id           uuid primary key,
  user_id      uuid not null,
  context      text not null default 'default' check (length(context) between 1 and 100),
  key          text check (length(key) between 1 and 200),
  category     text not null default 'knowledge'
               check (category in ('system', 'user', 'history', 'knowledge', 'workspace')),
  source       text not null default '' check (length(source) <= 100),
  content      text not null check (length(content) between 1 and 200000),
  tokens       integer not null check (tokens >= 0),
  priority     integer not null default 50 check (priority between 0 and 100),
  pinned       boolean not null default false,
  last_used_at timestamptz not null default now(),
  expires_at   timestamptz,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  revision     bigint not null default 1,
  search       tsvector generated always as (to_tsvector('english', content)) stored,
  -- A memory with a key is replaced by the next one with that key.
  constraint memories_key unique (user_id, context, key)
);
create index memories_by_user on memories (user_id, context, id);
create index memories_search on memories using gin (search);
create trigger memories_touch before update on memories for each row execute function touch();

create table mcp_sessions (
  id               uuid primary key,
  user_id          uuid not null,
  protocol_version text not null,
  client           jsonb not null default '{}',
  state            jsonb not null default '{}',
  created_at       timestamptz not null default now(),
  last_used_at     timestamptz not null default now(),
  expires_at       timestamptz not null,
  ended_at         timestamptz
);
create index mcp_sessions_by_user on mcp_sessions (user_id, id);
