-- Classes, who is in them, courses and which classes take them.

create table classes (
  id          uuid primary key,
  school_id   uuid references schools,
  teacher_id  uuid not null references users,
  name        text not null check (length(name) between 1 and 200),
  subject     text not null check (length(subject) between 1 and 100),
  grade       integer not null check (grade between 1 and 12),
  join_code   text not null constraint classes_join_code unique,
  archived_at timestamptz,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  revision    bigint not null default 1
);
create index classes_by_teacher on classes (teacher_id, id);
create index classes_by_school on classes (school_id, id);
create trigger classes_touch before update on classes for each row execute function touch();

create table enrolments (
  class_id   uuid not null references classes on delete cascade,
  student_id uuid not null references users on delete cascade,
  created_at timestamptz not null default now(),
  primary key (class_id, student_id)
);
create index enrolments_by_student on enrolments (student_id, class_id);

create table courses (
  id          uuid primary key,
  school_id   uuid references schools,
  teacher_id  uuid not null references users,
  title       text not null check (length(title) between 1 and 200),
  subject     text not null check (length(subject) between 1 and 100),
  grade       integer not null check (grade between 1 and 12),
  description text not null default '' check (length(description) <= 4000),
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  revision    bigint not null default 1
);
create index courses_by_teacher on courses (teacher_id, id);
create index courses_by_school on courses (school_id, id);
create trigger courses_touch before update on courses for each row execute function touch();

create table class_courses (
  class_id   uuid not null references classes on delete cascade,
  course_id  uuid not null references courses on delete cascade,
  created_at timestamptz not null default now(),
  primary key (class_id, course_id)
);
create index class_courses_by_course on class_courses (course_id, class_id);
