-- What operators ask, and the record of what they did and looked at.

-- Lists for operators walk an index in an order that does not move: cases by age, filings by their
-- last day. None names a column that changes with every move, so moves stay on their page (HOT).
create index cases_by_age on engine.cases (opened_at desc, id desc);

drop index engine.filings_open;
create index filings_open on engine.filings (organisation, coalesce(due_on, date 'infinity'), id)
    where not has_ended;
create index filings_urgent on engine.filings (coalesce(due_on, date 'infinity'), id) where not has_ended;

-- By bytes, so that `stuck/…` is one range whatever the locale.
drop index engine.filings_flagged;
create index filings_flagged on engine.filings ((flag collate "C")) where flag is not null;

-- Written before an act is done, never changed. `hash` covers the row and the hash of the row before:
-- a row that is changed, left out or put elsewhere breaks the chain. The rows say who did what to
-- which filing, and why; what a person told is not in them.
create table engine.audit (
    seq bigint primary key,
    id uuid not null unique,
    at timestamptz not null,
    operator text not null,
    act text not null,
    case_id uuid,
    filing uuid,
    organisation text,
    reason text,
    details jsonb not null,
    request_key text collate "C",
    request_hash bytea,
    hash bytea not null check (octet_length(hash) = 32)
);

create unique index audit_requests on engine.audit (operator, request_key) where request_key is not null;
create index audit_of_case on engine.audit (case_id, seq) where case_id is not null;
create index audit_of_organisation on engine.audit (organisation, seq) where organisation is not null;

create function engine.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'rows of % are only ever added', tg_table_name using errcode = 'integrity_constraint_violation';
end
$$;

create trigger audit_is_append_only before update or delete or truncate on engine.audit
    for each statement execute function engine.refuse_change();
