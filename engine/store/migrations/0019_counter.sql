-- People without a usable card: staff of a counter assists them while they are there, a code on paper
-- lets them follow their case, and whoever represents them by law or by their will acts in their place.
alter table engine.app_visits drop column challenge; -- nothing was ever written there

alter table engine.credentials drop constraint credentials_kind_check;
alter table engine.credentials add constraint credentials_kind_check
    check (kind in ('login', 'signature', 'app', 'code'));
alter table engine.credentials drop constraint credentials_linked_by_check;
alter table engine.credentials add constraint credentials_linked_by_check
    check (linked_by in ('entry', 'live', 'mapping', 'counter'));

-- One citizen, one errand, one case, one member of staff. `mark` is the keyed hash of the name and birth
-- date that were read in the document; which document it was is kept, nothing of what stands in it.
create table engine.assistances (
    id uuid primary key,
    staff uuid not null references engine.persons (id),
    citizen uuid not null references engine.persons (id),
    errand text not null check (errand in ('open', 'continue')),
    basis text not null,
    mark text not null,
    case_id uuid not null,
    began_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz,
    check (staff <> citizen)
);

create index assistances_of_case on engine.assistances (case_id);

-- What stands on the paper is hashed; `handle` is its first part and opens nothing.
create table engine.follow_codes (
    handle text primary key,
    secret_hash bytea not null check (octet_length(secret_hash) = 32),
    person uuid not null references engine.persons (id),
    case_id uuid not null,
    mark text not null,
    issued_by uuid not null references engine.persons (id),
    issued_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz
);

create unique index follow_codes_in_use on engine.follow_codes (case_id) where ended_at is null;
create index follow_codes_of_person on engine.follow_codes (person);

-- Who acts for whom, on which basis, within which scope, until when (both days included, Japan).
-- Rows are never changed but to end them, and never deleted.
create table engine.representations (
    id uuid primary key,
    representative uuid not null references engine.persons (id),
    represented uuid not null references engine.persons (id),
    kind text not null,
    mark text not null,
    document text not null,
    events text[] not null check (cardinality(events) > 0),
    procedures text[] not null,
    begins_on date not null,
    ends_on date not null,
    basis text not null,
    verified_by uuid not null references engine.persons (id),
    verified_at timestamptz not null,
    revoked_at timestamptz,
    revoked_by uuid references engine.persons (id),
    check (representative <> represented),
    check (verified_by <> representative and verified_by <> represented),
    check (begins_on <= ends_on),
    check ((revoked_at is null) = (revoked_by is null))
);

create index representations_by on engine.representations (representative);
create index representations_of on engine.representations (represented);
