-- Organisations that come on board by themselves: applications, keys that change, agents (受託者),
-- what went over the border, and receipts for what was deleted. Persons are numbers here.

-- Only live organisations are sent the filings of real cases (Directory). Whoever is in the registry
-- by now was put there by an operator on the host, and is live.
alter table engine.organisations add column stage text not null default 'live'
    check (stage in ('sandbox', 'certified', 'live'));

-- applicant_sealed: the applicant's name, for the operator who checks it; dropped with the decision.
create table engine.applications (
    id uuid primary key,
    number text not null check (number ~ '^[1-9][0-9]{12}$'),
    kind text not null check (kind in ('organisation', 'subscriptions')),
    person uuid not null,
    state text not null check (state in ('draft', 'applied', 'approved', 'refused', 'withdrawn')),
    asked jsonb not null,
    evidence uuid,
    applicant_sealed bytea,
    made_at timestamptz not null,
    decided_at timestamptz,
    decided_by text,
    checked text,
    reason text,
    check ((decided_at is null) = (decided_by is null))
);

create index applications_by_state on engine.applications (state, made_at, id);
create index applications_of_person on engine.applications (person, made_at, id);
create index applications_of_organisation on engine.applications (number, made_at, id);

-- What the rehearsal of an organisation came to; the newest report counts.
create table engine.certifications (
    id bigint generated always as identity primary key,
    number text not null references engine.organisations (number),
    report jsonb not null,
    certified_by text not null,
    certified_at timestamptz not null
);

-- An invitation is a secret of which only the hash is kept; it works once.
create table engine.invitations (
    code_hash bytea primary key check (octet_length(code_hash) = 32),
    number text not null references engine.organisations (number),
    invited_by uuid not null,
    invited_at timestamptz not null,
    expires_at timestamptz not null,
    used_by uuid,
    used_at timestamptz
);

-- resealed_at: when the last order that was sealed for the revoked key had been sealed anew.
alter table engine.organisation_keys
    add column revoked_because text,
    add column resealed_at timestamptz;

create index organisation_keys_to_reseal on engine.organisation_keys (revoked_at)
    where use = 'enc' and revoked_at is not null and resealed_at is null;

update engine.organisation_keys set resealed_at = revoked_at where revoked_at is not null;

-- One agent for one procedure of one principal. Rows are never deleted.
create table engine.agent_grants (
    principal text not null references engine.organisations (number),
    agent text not null references engine.organisations (number),
    slug text not null,
    granted_by text not null,
    granted_at timestamptz not null,
    revoked_by text,
    revoked_at timestamptz,
    resealed_at timestamptz,
    check (principal <> agent),
    check ((revoked_at is null) = (revoked_by is null))
);

create unique index agent_grants_valid on engine.agent_grants (principal, slug) where revoked_at is null;
create index agent_grants_of_agent on engine.agent_grants (agent) where revoked_at is null;

-- Whose feed an order lies in: the organisation's own, or that of the agent it is sealed for.
alter table engine.pull_orders add column agent text collate "C";

-- What went over the border, for the subscriber's own view and the monthly statement: ids, kinds and
-- times as the envelope had them, no contents. The first time counts; a repetition adds nothing.
create table engine.traffic (
    organisation text collate "C" not null,
    message_id text collate "C" not null,
    kind text not null,
    reference text collate "C" not null,
    order_id text collate "C" not null,
    due_on date,
    said_at timestamptz not null,
    primary key (organisation, message_id)
);

create index traffic_by_time on engine.traffic (organisation, said_at desc, message_id desc);
create index traffic_of_order on engine.traffic (organisation, order_id);

-- The purpose has ended: the organisation deletes what it was told, and says so with its signature.
create table engine.deletions (
    organisation text collate "C" not null,
    reference text collate "C" not null,
    because text not null,
    noticed_at timestamptz not null,
    receipt text,
    receipted_at timestamptz,
    primary key (organisation, reference),
    check ((receipt is null) = (receipted_at is null))
);

create index deletions_open on engine.deletions (organisation, noticed_at, reference) where receipt is null;
