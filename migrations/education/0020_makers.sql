-- Who made an account for somebody: a teacher sees the students that he made before they are in one of his classes.
alter table users add column made_by uuid references users on delete set null;
create index users_made on users (made_by) where made_by is not null;
