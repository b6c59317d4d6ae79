-- A list reads about as many rows as its page has, however many the school or the district keeps: what it goes by, and
-- the order that it declares, lie in one index of the table itself. So rows carry who keeps them: copies of columns
-- that never change, of a row that they refer to.

create function keepers_of_row() returns trigger language plpgsql as $$
begin
  case tg_table_name
  when 'submissions' then
    select g.teacher_id, g.school_id into new.teacher_id, new.school_id from assignments g
      where g.id = new.assignment_id;
  when 'quiz_attempts' then
    select z.teacher_id, z.school_id into new.teacher_id, new.school_id from quizzes z where z.id = new.quiz_id;
  else
    select c.teacher_id, c.school_id into new.teacher_id, new.school_id from classes c where c.id = new.class_id;
  end case;
  return new;
end $$;

create function school_of_person() returns trigger language plpgsql as $$
begin
  select u.school_id into new.school_id from users u where u.id = new.person_id;
  return new;
end $$;

drop trigger submissions_school on submissions;
drop trigger quiz_attempts_school on quiz_attempts;
drop function school_of_work();

alter table submissions add column teacher_id uuid;
alter table quiz_attempts add column teacher_id uuid;
alter table meetings add column teacher_id uuid, add column school_id uuid references schools;
alter table grade_categories add column teacher_id uuid, add column school_id uuid references schools;
alter table data_requests add column school_id uuid references schools;

alter table submissions disable trigger user;
alter table quiz_attempts disable trigger user;
alter table meetings disable trigger user;
alter table grade_categories disable trigger user;
alter table data_requests disable trigger user;
update submissions s set teacher_id = g.teacher_id from assignments g where g.id = s.assignment_id;
update quiz_attempts a set teacher_id = z.teacher_id from quizzes z where z.id = a.quiz_id;
update meetings m set teacher_id = c.teacher_id, school_id = c.school_id from classes c where c.id = m.class_id;
update grade_categories k set teacher_id = c.teacher_id, school_id = c.school_id from classes c where c.id = k.class_id;
update data_requests q set school_id = u.school_id from users u where u.id = q.person_id;
alter table submissions enable trigger user;
alter table quiz_attempts enable trigger user;
alter table meetings enable trigger user;
alter table grade_categories enable trigger user;
alter table data_requests enable trigger user;

create trigger submissions_keepers before insert on submissions
  for each row when (new.teacher_id is null) execute function keepers_of_row();
create trigger quiz_attempts_keepers before insert on quiz_attempts
  for each row when (new.teacher_id is null) execute function keepers_of_row();
create trigger meetings_keepers before insert on meetings
  for each row when (new.teacher_id is null) execute function keepers_of_row();
create trigger grade_categories_keepers before insert on grade_categories
  for each row when (new.teacher_id is null) execute function keepers_of_row();
create trigger data_requests_school before insert on data_requests
  for each row when (new.school_id is null) execute function school_of_person();

create index quiz_attempts_by_teacher on quiz_attempts (teacher_id, id);
create index meetings_by_teacher on meetings (teacher_id, id);
create index meetings_by_school on meetings (school_id, id);
create index grade_categories_by_teacher on grade_categories (teacher_id, id);
create index grade_categories_by_school on grade_categories (school_id, id);

-- Most work is graded some day, and most requests are done: what waits for somebody is few.
create index submissions_by_teacher on submissions (teacher_id, id);
create index submissions_waiting on submissions (teacher_id, id) where state <> 'graded';
create index submissions_waiting_of_school on submissions (school_id, id) where state <> 'graded';
drop index data_requests_failed;
create index data_requests_by_school on data_requests (school_id, id);
create index data_requests_waiting on data_requests (school_id, id) where state <> 'done';

-- The orders that a school's lists declare. A teacher's own are few.
create index classes_by_name on classes (school_id, name, id);
create index classes_by_grade on classes (school_id, grade, id);
create index courses_by_title on courses (school_id, title, id);
create index quizzes_by_title on quizzes (school_id, title, id);
create index lessons_by_title on lessons (school_id, title, id);
create index lessons_unpublished on lessons (school_id, id) where state <> 'published';
create index prompt_templates_by_title on prompt_templates (school_id, title, id) where shared;
create index users_by_time on users (school_id, created_at, id);
create index users_by_role on users (school_id, role, name, id);
create index users_by_role_and_time on users (school_id, role, created_at, id);
create index users_suspended on users (school_id, id) where state = 'suspended';
