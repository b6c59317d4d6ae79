-- Lessons with their quiz and their scene, and students' attempts at the quiz.
--
--   draft ──submit──> review ──approve──> approved ──publish──> published
--     ^                 │ reject             │ (an edit goes back to draft)
--     └─────────────────┴────────────────────┘

create table lessons (
  id           uuid primary key,
  course_id    uuid not null references courses,
  teacher_id   uuid not null references users,
  school_id    uuid references schools,
  run_id       uuid constraint lessons_run unique,
  state        text not null default 'draft' check (state in ('draft', 'review', 'approved', 'published')),
  title        text not null check (length(title) between 1 and 200),
  summary      text not null default '' check (length(summary) <= 2000),
  subject      text not null,
  grade        integer not null check (grade between 1 and 12),
  source_text  text not null default '' check (length(source_text) <= 100000),
  objectives   jsonb not null default '[]' check (jsonb_typeof(objectives) = 'array'),
  sections       jsonb not null default '[]' check (jsonb_typeof(sections) = 'array'),
  glossary     jsonb not null default '[]' check (jsonb_typeof(glossary) = 'array'),
  review       jsonb,
  provider     text,
  notice       text,
  approved_by  uuid references users,
  approved_at  timestamptz,
  published_at timestamptz,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  revision     bigint not null default 1,
  search       tsvector generated always as (
    setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', summary), 'B') ||
    setweight(to_tsvector('english', left(source_text, 50000)), 'C')) stored
);
create index lessons_by_course on lessons (course_id, id);
create index lessons_by_teacher on lessons (teacher_id, id);
create index lessons_by_school on lessons (school_id, id);
create index lessons_search on lessons using gin (search);
create trigger lessons_touch before update on lessons for each row execute function touch();

create table quizzes (
  id            uuid primary key,
  lesson_id     uuid not null constraint quizzes_lesson unique references lessons on delete cascade,
  title         text not null check (length(title) between 1 and 200),
  max_attempts  integer not null default 3 check (max_attempts between 1 and 100),
  passing_score integer not null default 70 check (passing_score between 0 and 100),
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  revision      bigint not null default 1
);
create trigger quizzes_touch before update on quizzes for each row execute function touch();

-- choices is what a student sees; answer is never sent before the attempt is submitted.
create table quiz_questions (
  id          uuid primary key,
  quiz_id     uuid not null references quizzes on delete cascade,
  position    integer not null check (position >= 1),
  kind        text not null check (kind in ('multiple_choice', 'true_false', 'cloze', 'short_answer')),
  prompt      text not null check (length(prompt) between 1 and 2000),
  choices     jsonb not null default '[]' check (jsonb_typeof(choices) = 'array'),
  answer      jsonb not null,
  explanation text not null default '' check (length(explanation) <= 2000),
  points      integer not null default 1 check (points between 1 and 100),
  unique (quiz_id, position)
);

create table quiz_attempts (
  id           uuid primary key,
  quiz_id      uuid not null references quizzes on delete cascade,
  student_id   uuid not null references users on delete cascade,
  number       integer not null check (number >= 1),
  started_at   timestamptz not null default now(),
  submitted_at timestamptz,
  answers      jsonb,
  result       jsonb,
  score        integer,
  max_score    integer,
  constraint quiz_attempts_number unique (quiz_id, student_id, number),
  check ((submitted_at is null) = (score is null))
);
create index quiz_attempts_by_student on quiz_attempts (student_id, id);

create table scenes (
  id          uuid primary key,
  lesson_id   uuid not null constraint scenes_lesson unique references lessons on delete cascade,
  description jsonb not null check (jsonb_typeof(description) = 'object'),
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  revision    bigint not null default 1
);
create trigger scenes_touch before update on scenes for each row execute function touch();
