-- Accounts that a guardian has closed, found when it is time to erase them.
create index consents_withdrawn on consents (withdrawn_at) where withdrawn_at is not null;
