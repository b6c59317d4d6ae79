-- Which role may do what. The guards of routes name a permission (web/permission.lua); these rows say who holds it.

create table permissions (
  name        text primary key check (name ~ '^[a-z_]+$'),
  description text not null
);

create table role_permissions (
  role       text not null check (role in ('student', 'teacher', 'parent', 'admin')),
  permission text not null references permissions,
  primary key (role, permission)
);

insert into permissions (name, description) values
  ('learn', 'Take part in classes: join, take quizzes, hand in work'),
  ('teach', 'Keep classes, courses, lessons and grades'),
  ('accompany', 'Follow the own children, and consent for them'),
  ('administer', 'Keep the people and the settings of the own school'),
  ('read_audit', 'Read who changed what in the own school');

-- An admin has a teacher's rights within the own school.
insert into role_permissions (role, permission) values
  ('student', 'learn'),
  ('teacher', 'teach'),
  ('parent', 'accompany'),
  ('admin', 'teach'), ('admin', 'administer'), ('admin', 'read_audit');

create function permissions_changed() returns trigger language plpgsql as $$
begin
  perform pg_notify('permissions', '');
  return null;
end $$;
create trigger permissions_changed after insert or update or delete or truncate on role_permissions
  for each statement execute function permissions_changed();
