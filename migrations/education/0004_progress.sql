-- What students did. progress_events is the record, progress the sum of it per student and lesson.

create table progress_events (
  id          uuid primary key,
  source      text not null check (length(source) between 1 and 100),
  key         text not null check (length(key) between 1 and 100),
  student_id  uuid not null references users on delete cascade,
  lesson_id   uuid not null references lessons on delete cascade,
  class_id    uuid references classes on delete set null,
  kind        text not null check (kind in ('started', 'checkpoint', 'answered', 'completed')),
  percent     integer check (percent between 0 and 100),
  score       integer check (score >= 0),
  max_score   integer check (max_score >= 0),
  seconds     integer check (seconds between 0 and 86400),
  detail      jsonb,
  occurred_at timestamptz not null,
  created_at  timestamptz not null default now(),
  -- The same event posted twice is stored once; source is who posts (a game server, a quiz).
  constraint progress_events_key unique (source, key)
);
create index progress_events_by_student on progress_events (student_id, id);
create index progress_events_by_lesson on progress_events (lesson_id, id);

create table progress (
  student_id   uuid not null references users on delete cascade,
  lesson_id    uuid not null references lessons on delete cascade,
  percent      integer not null default 0 check (percent between 0 and 100),
  score        integer not null default 0,
  max_score    integer not null default 0,
  seconds      bigint not null default 0,
  events       integer not null default 0,
  started_at   timestamptz,
  completed_at timestamptz,
  last_at      timestamptz not null,
  primary key (student_id, lesson_id)
);
create index progress_by_lesson on progress (lesson_id, student_id);
