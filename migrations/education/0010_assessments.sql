-- Quizzes stand for themselves: a teacher's, of a lesson or of none. More kinds of questions, partial credit, limits of
-- time by the server's clock, an order for each attempt, and what each student masters.

alter table quizzes
  alter lesson_id drop not null,
  add teacher_id uuid references users,
  add school_id  uuid references schools,
  add time_limit integer check (time_limit between 30 and 86400),
  add shuffle    boolean not null default false,
  -- When right answers are shown: with a submitted attempt, when nobody may try any more, or never.
  add reveal     text not null default 'submitted' check (reveal in ('submitted', 'closed', 'never'));
update quizzes z set teacher_id = l.teacher_id, school_id = l.school_id from lessons l where l.id = z.lesson_id;
alter table quizzes alter teacher_id set not null;
create index quizzes_by_teacher on quizzes (teacher_id, id);
create index quizzes_by_school on quizzes (school_id, id);

alter table quiz_questions
  drop constraint quiz_questions_kind_check,
  add constraint quiz_questions_kind_check check (kind in ('multiple_choice', 'multiple_select', 'true_false', 'cloze',
    'short_answer', 'fill_in', 'ordering', 'matching', 'drag_drop')),
  add targets   jsonb not null default '[]' check (jsonb_typeof(targets) = 'array'),
  add partial   boolean not null default true,
  add objective text check (length(objective) between 1 and 300);

-- Partial credit makes fractions. Before an attempt is submitted, answers holds what was saved on the way.
alter table quiz_attempts
  alter score type double precision,
  alter max_score type double precision,
  add seed    text not null default '',
  add ends_at timestamptz,
  add expired boolean not null default false;
create index quiz_attempts_ending on quiz_attempts (ends_at) where submitted_at is null;
create index quiz_attempts_by_quiz on quiz_attempts (quiz_id, id);

-- How well a student meets an objective of a teacher's questions: each answer moves the level towards its own share.
create table mastery (
  id         uuid primary key,
  student_id uuid not null references users on delete cascade,
  teacher_id uuid not null references users on delete cascade,
  school_id  uuid references schools,
  objective  text not null check (length(objective) between 1 and 300),
  level      double precision not null check (level between 0 and 1),
  points     double precision not null,
  max_points double precision not null,
  answers    integer not null,
  last_at    timestamptz not null default now(),
  constraint mastery_objective unique (student_id, teacher_id, objective)
);
create index mastery_by_student on mastery (student_id, id);
