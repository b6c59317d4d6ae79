-- Work that a class is given, what students hand in, and the grades for it.
--
--   submission:  submitted ──grade──> graded
--                 ^      └──return──> returned (for revision) ──hand in──> submitted
-- A quiz grades itself: its best attempt is the submission.

create table grade_categories (
  id          uuid primary key,
  class_id    uuid not null references classes on delete cascade,
  name        text not null check (length(name) between 1 and 200),
  weight      integer not null check (weight between 0 and 100),
  drop_lowest integer not null default 0 check (drop_lowest between 0 and 20),
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  revision    bigint not null default 1,
  constraint grade_categories_name unique (class_id, name)
);
create index grade_categories_by_class on grade_categories (class_id, id);
create trigger grade_categories_touch before update on grade_categories for each row execute function touch();

create table assignments (
  id           uuid primary key,
  class_id     uuid not null references classes on delete cascade,
  teacher_id   uuid not null references users,
  school_id    uuid references schools,
  category_id  uuid references grade_categories on delete set null,
  lesson_id    uuid references lessons on delete cascade,
  quiz_id      uuid references quizzes on delete cascade,
  title        text not null check (length(title) between 1 and 200),
  instructions text not null default '' check (length(instructions) <= 10000),
  points       integer not null default 100 check (points between 1 and 1000),
  opens_at     timestamptz not null default now(),
  due_at       timestamptz,
  closes_at    timestamptz,
  late_penalty integer not null default 0 check (late_penalty between 0 and 100),
  max_attempts integer check (max_attempts between 1 and 100),
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  revision     bigint not null default 1,
  constraint assignments_work check (lesson_id is null or quiz_id is null),
  constraint assignments_due check (due_at > opens_at),
  constraint assignments_closes check (closes_at >= coalesce(due_at, opens_at))
);
create index assignments_by_class on assignments (class_id, id);
create index assignments_by_teacher on assignments (teacher_id, id);
create index assignments_by_school on assignments (school_id, id);
create index assignments_by_due on assignments (due_at, id);
create index assignments_by_quiz on assignments (quiz_id) where quiz_id is not null;
create index assignments_by_lesson on assignments (lesson_id) where lesson_id is not null;
create index assignments_by_category on assignments (category_id) where category_id is not null;
create trigger assignments_touch before update on assignments for each row execute function touch();

alter table quiz_attempts add assignment_id uuid references assignments on delete cascade;
create index quiz_attempts_by_assignment on quiz_attempts (assignment_id, id) where assignment_id is not null;

create table submissions (
  id            uuid primary key,
  assignment_id uuid not null references assignments on delete cascade,
  student_id    uuid not null references users on delete cascade,
  state         text not null check (state in ('submitted', 'returned', 'graded')),
  content       text not null default '' check (length(content) <= 50000),
  submitted_at  timestamptz not null default now(),
  late          boolean not null default false,
  -- Points before the penalty, the penalty in percent, and what counts.
  score         double precision check (score >= 0),
  penalty       integer not null default 0 check (penalty between 0 and 100),
  final         double precision generated always as
                (round((score * (100 - penalty) / 100)::numeric, 2)::double precision) stored,
  feedback      text not null default '' check (length(feedback) <= 10000),
  attempt_id    uuid references quiz_attempts on delete set null,
  graded_by     uuid references users,
  graded_at     timestamptz,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  revision      bigint not null default 1,
  constraint submissions_once unique (assignment_id, student_id),
  check ((state = 'graded') = (graded_at is not null)),
  check (state <> 'graded' or score is not null)
);
create index submissions_by_student on submissions (student_id, id);
create index submissions_by_assignment on submissions (assignment_id, id);
create trigger submissions_touch before update on submissions for each row execute function touch();

-- Every change of a grade, written by the one function that changes grades.
create table grade_changes (
  id            uuid primary key,
  submission_id uuid not null references submissions on delete cascade,
  changed_by    uuid references users,
  reason        text not null check (reason in ('graded', 'quiz', 'returned', 'handed_in')),
  old_final     double precision,
  new_final     double precision,
  created_at    timestamptz not null default now()
);
create index grade_changes_by_submission on grade_changes (submission_id, id);
