-- When classes meet, who was there, and which lesson a class takes when.

-- Weekly, by the clock on the wall: 9:00 in Berlin stays 9:00 in Berlin when the clocks change.
create table meetings (
  id         uuid primary key,
  class_id   uuid not null references classes on delete cascade,
  weekday    integer not null check (weekday between 1 and 7),
  starts_at  time not null,
  minutes    integer not null check (minutes between 5 and 600),
  time_zone  text not null constraint meetings_time_zone check (is_time_zone(time_zone)),
  room       text not null default '' check (length(room) <= 100),
  from_date  date not null,
  until_date date,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  revision   bigint not null default 1,
  constraint meetings_dates check (until_date is null or until_date >= from_date)
);
create index meetings_by_class on meetings (class_id, id);
create trigger meetings_touch before update on meetings for each row execute function touch();

create table attendance (
  meeting_id uuid not null references meetings on delete cascade,
  on_date    date not null,
  student_id uuid not null references users on delete cascade,
  class_id   uuid not null references classes on delete cascade,
  state      text not null check (state in ('present', 'late', 'absent', 'excused')),
  note       text not null default '' check (length(note) <= 500),
  marked_by  uuid not null references users,
  marked_at  timestamptz not null default now(),
  primary key (meeting_id, on_date, student_id)
);
create index attendance_by_student on attendance (student_id, on_date, meeting_id);

-- The dates of a lesson in a class.
create table lesson_dates (
  class_id   uuid not null references classes on delete cascade,
  lesson_id  uuid not null references lessons on delete cascade,
  starts_at  timestamptz not null,
  due_at     timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  revision   bigint not null default 1,
  primary key (class_id, lesson_id),
  constraint lesson_dates_order check (due_at is null or due_at >= starts_at)
);
create index lesson_dates_by_start on lesson_dates (class_id, starts_at, lesson_id);
create index lesson_dates_by_due on lesson_dates (class_id, due_at) where due_at is not null;
create index lesson_dates_by_lesson on lesson_dates (lesson_id);
create trigger lesson_dates_touch before update on lesson_dates for each row execute function touch();
