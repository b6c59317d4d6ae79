-- What the review of the privacy rules asked for.

-- An address belongs to whoever has proved it; until then several accounts may name the same one, so that signing up
-- tells nobody who has an account.
alter table users drop constraint users_email;
create unique index users_email on users (email_index) where email_verified_at is not null;
create index users_by_email on users (email_index) where email_index is not null;

-- Whom a letter that is kept to be read went to, so that an erasure finds it.
alter table mails add column recipient_index bytea;
create index mails_by_recipient on mails (recipient_index) where recipient_index is not null;

-- The confirmation that a guardian gets of a consent: by its token the consent can be withdrawn without an account.
alter table consents add column withdrawal_hash bytea;
create unique index consents_withdrawal on consents (withdrawal_hash) where withdrawal_hash is not null;

-- queued ──> done | failed, and from failed back to queued when somebody starts it anew.
alter table data_requests add column problem text, add column attempts integer not null default 1;

-- However the run of a request ends that did not answer it, the request says so.
create function data_request_stopped() returns trigger language plpgsql as $$
begin
  update data_requests set state = 'failed', finished_at = now(), problem = case new.state
      when 'cancelled' then 'it was cancelled' when 'failed' then coalesce(new.error ->> 'message', 'it failed')
      else 'it met a mistake of the software; the log tells more of run ' || new.id end
    where id = (new.input ->> 'request_id')::uuid and state = 'queued';
  return null;
end $$;
create trigger workflow_runs_data_request after update of state on workflow_runs for each row
  when (new.workflow = 'data_request' and new.state in ('failed', 'blocked', 'cancelled'))
  execute function data_request_stopped();
create index data_requests_failed on data_requests (id) where state = 'failed';

-- Found by the job that forgets what has been kept long enough.
create index sessions_over on sessions (coalesce(ended_at, expires_at));
create index workflow_runs_over on workflow_runs (finished_at) where finished_at is not null;

-- The audit log is added to by this function only: a role that serves requests may call it, and neither write nor
-- change the log itself (withhold_from_serving).
alter function audit_append(uuid, uuid, text, text, uuid, jsonb, uuid, bytea)
  security definer set search_path = public, pg_temp;

-- What is kept from the role that serves requests when it is not the owner: `toolboxd migrate up` grants it all rows
-- (setting database_role) and calls this.
create function withhold_from_serving(role name) returns void language plpgsql as $$
begin
  execute format('revoke insert, update, delete, truncate on audit_entries, audit_chains, permissions, role_permissions,'
    ' consent_texts from %I', role);
end $$;
