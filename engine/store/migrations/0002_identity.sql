-- The one gate. Persons are numbers; what they are called is in sealed evidence only. A person is
-- found by (issuer's key, serial) of a certificate, never by a name.

create table engine.persons (
    id uuid primary key,
    entered_at timestamptz not null
);

create table engine.credentials (
    kind text not null check (kind in ('login', 'signature')),
    issuer text not null,
    serial text not null,
    person uuid not null references engine.persons (id),
    linked_at timestamptz not null,
    primary key (kind, issuer, serial)
);

create index credentials_of_person on engine.credentials (person);

create table engine.challenges (
    id uuid primary key,
    purpose text not null check (purpose in ('login', 'link', 'mandate')),
    audience text not null,
    nonce bytea not null check (octet_length(nonce) = 32),
    issued_at timestamptz not null,
    expires_at timestamptz not null,
    person uuid references engine.persons (id),
    digest bytea,
    used_at timestamptz
) with (fillfactor = 80);

create index challenges_by_end on engine.challenges (expires_at);

-- token_hash: HMAC of the bearer token; whoever reads this table cannot be anybody.
create table engine.sessions (
    token_hash bytea primary key,
    person uuid not null references engine.persons (id),
    kind text not null,
    issuer text not null,
    serial text not null,
    authenticated_at timestamptz not null,
    seen_at timestamptz not null,
    expires_at timestamptz not null,
    foreign key (kind, issuer, serial) references engine.credentials (kind, issuer, serial)
) with (fillfactor = 80);

create index sessions_of_person on engine.sessions (person);
create index sessions_by_end on engine.sessions (expires_at);

create table engine.grants (
    id bigint generated always as identity primary key,
    person uuid not null references engine.persons (id),
    role text not null,
    granted_by text not null,
    granted_at timestamptz not null,
    withdrawn_by text,
    withdrawn_at timestamptz,
    check ((withdrawn_by is null) = (withdrawn_at is null))
);

create unique index grants_held on engine.grants (person, role) where withdrawn_at is null;

create table engine.evidence (
    id uuid primary key,
    person uuid not null references engine.persons (id),
    case_id uuid not null,
    kind text not null,
    issuer text not null,
    serial text not null,
    digest bytea not null check (octet_length(digest) = 32),
    signed_at timestamptz not null,
    bundle_sealed bytea not null,
    foreign key (kind, issuer, serial) references engine.credentials (kind, issuer, serial)
);

create index evidence_of_case on engine.evidence (case_id);
