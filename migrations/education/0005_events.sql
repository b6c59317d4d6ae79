-- The event log behind live updates, and the answers kept for Idempotency-Key.

create table events (
  id         bigint generated always as identity primary key,
  topic      text not null check (length(topic) between 1 and 100),
  kind       text not null check (length(kind) between 1 and 60),
  data       jsonb not null,
  -- Made under the lock below, so time and id ascend together.
  created_at timestamptz not null default clock_timestamp()
);
create index events_by_topic on events (topic, id);
create index events_by_time on events (created_at);

-- The only way to append. The lock makes ids become visible in ascending order, so a reader that has seen id n
-- will never find a smaller one later: one number is a cursor over all topics. Append last in a transaction.
create function append_event(topic text, kind text, data jsonb) returns bigint language plpgsql as $$
declare new_id bigint;
begin
  perform pg_advisory_xact_lock(hashtext('events'), 0);
  insert into events (topic, kind, data) values (append_event.topic, append_event.kind, append_event.data)
    returning id into new_id;
  perform pg_notify('events', new_id::text);
  return new_id;
end $$;

create table idempotency_keys (
  owner_id     uuid not null,
  key          text not null check (length(key) between 1 and 200),
  request_hash bytea not null,
  status       integer,
  headers      jsonb,
  body         text,
  locked_until timestamptz not null,
  created_at   timestamptz not null default now(),
  primary key (owner_id, key)
);
create index idempotency_keys_by_time on idempotency_keys (created_at);
