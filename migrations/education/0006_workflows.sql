-- Durable workflows: runs, the recorded results of their steps, and the source of every script version that runs need.
--
--   queued ──claim──> running ──> succeeded | failed | cancelled
--     ^                 │ ├─ sleep, retry: back to queued with wake_at
--     │ resume          │ └─ record and script do not fit: blocked (with the reason)
--     └── blocked <─────┘
-- A run whose lease has run out is claimed again by anyone; its finished steps are not run again.

create table workflow_scripts (
  hash       text primary key check (length(hash) = 64),
  workflow   text not null,
  source     text not null,
  created_at timestamptz not null default now()
);

create table workflow_runs (
  id           uuid primary key,
  workflow     text not null check (length(workflow) between 1 and 100),
  script_hash  text references workflow_scripts,
  state        text not null default 'queued'
               check (state in ('queued', 'running', 'blocked', 'succeeded', 'failed', 'cancelled')),
  owner_id     uuid,
  dedup_key    text,
  input        jsonb not null,
  output       jsonb,
  error        jsonb,
  cancel       boolean not null default false,
  lease_owner  text,
  lease_until  timestamptz,
  wake_at      timestamptz not null default now(),
  claims       integer not null default 0,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  finished_at  timestamptz,
  revision     bigint not null default 1,
  constraint workflow_runs_dedup unique (workflow, dedup_key),
  check ((state = 'running') = (lease_owner is not null)),
  check ((lease_owner is null) = (lease_until is null)),
  check ((state in ('succeeded', 'failed', 'cancelled')) = (finished_at is not null))
);
create index workflow_runs_queued on workflow_runs (wake_at) where state = 'queued';
create index workflow_runs_leased on workflow_runs (lease_until) where state = 'running';
create index workflow_runs_by_owner on workflow_runs (owner_id, id);
create trigger workflow_runs_touch before update on workflow_runs for each row execute function touch();

-- A step is known by its name and how often that name came before in the run.
create table workflow_steps (
  run_id      uuid not null references workflow_runs on delete cascade,
  name        text not null check (length(name) between 1 and 100),
  occurrence  integer not null check (occurrence >= 1),
  position    integer not null check (position >= 1),
  args_hash   text not null,
  state       text not null check (state in ('running', 'retrying', 'done', 'failed')),
  attempts    integer not null default 1,
  result      jsonb,
  error       jsonb,
  wake_at     timestamptz,
  started_at  timestamptz not null default now(),
  finished_at timestamptz,
  primary key (run_id, name, occurrence),
  unique (run_id, position)
);

create function run_queued() returns trigger language plpgsql as $$
begin
  perform pg_notify('workflow_queued', new.workflow);
  return null;
end $$;
create trigger workflow_runs_inserted after insert on workflow_runs for each row execute function run_queued();
create trigger workflow_runs_requeued after update of state on workflow_runs
  for each row when (new.state = 'queued' and old.state <> 'queued') execute function run_queued();

-- The worker that runs it cancels the task at once instead of at its next step.
create function run_cancel_asked() returns trigger language plpgsql as $$
begin
  perform pg_notify('workflow_cancel', new.id::text);
  return null;
end $$;
create trigger workflow_runs_cancel after update of cancel on workflow_runs
  for each row when (new.cancel and not old.cancel) execute function run_cancel_asked();
