-- The engine's own tables. States, codes, hashes and sealed bytes: what a person told is sealed
-- under the key of the case (data_key_wrapped), and is gone for good when that key is destroyed.

create schema engine;

create table engine.catalogues (
    sha256 text primary key,
    rules jsonb not null,
    kept_at timestamptz not null default clock_timestamp()
);

create table engine.cases (
    id uuid primary key,
    event text not null,
    state text not null,
    version integer not null,
    owner uuid not null,
    catalogue text not null,
    opened_at timestamptz not null,
    unsigned uuid[] not null,
    wake_at timestamptz,
    journal_seq integer not null,
    journal_hash bytea not null,
    data_key_wrapped bytea
) with (fillfactor = 80);

create index cases_by_owner on engine.cases (owner, opened_at desc, id desc);
create index cases_to_wake on engine.cases (wake_at) where wake_at is not null;

-- What was resolved when the case opened. The rules are written once; the contents (facts, fields)
-- are personal, and are written anew when the citizen corrects them.
create table engine.case_plans (
    case_id uuid primary key references engine.cases (id) on delete cascade,
    rules jsonb not null,
    contents_sealed bytea not null
);

-- Narrow on purpose: what moves, and what operators ask for. `position` is the place in the rules.
create table engine.filings (
    id uuid primary key,
    case_id uuid not null references engine.cases (id) on delete cascade,
    position smallint not null,
    slug text not null,
    way text not null,
    state text not null,
    organisation text,
    reference text collate "C" unique,
    route smallint not null,
    attempt smallint not null,
    revision smallint not null,
    sequence integer not null,
    due_on date,
    not_before date,
    waits_for text,
    waits_until timestamptz,
    since timestamptz not null,
    flag text,
    tries smallint not null,
    question text,
    is_done boolean not null,
    has_ended boolean not null
) with (fillfactor = 70);

-- No index names what changes with every move (state, since, waits_*): moves stay on their page (HOT).
-- Operators' questions start from what is open at an organisation, or from a flag.
create index filings_of_case on engine.filings (case_id);
create index filings_open on engine.filings (organisation) where not has_ended;
create index filings_flagged on engine.filings (flag) where flag is not null;

create table engine.journal (
    case_id uuid not null references engine.cases (id) on delete cascade,
    seq integer not null,
    type text not null,
    filing uuid,
    at timestamptz not null,
    actor text not null,
    body_sealed bytea not null,
    prev_hash bytea not null,
    primary key (case_id, seq)
);

create table engine.inbox (
    sender text collate "C" not null,
    message_id text collate "C" not null,
    body_hash bytea not null,
    case_id uuid,
    outcome text not null default 'applied',
    answer jsonb,
    at timestamptz not null default clock_timestamp(),
    primary key (sender, message_id)
);

create index inbox_of_case on engine.inbox (case_id);

-- On the embedded bus this table is the queue itself.
create table engine.outbox (
    id bigint generated always as identity primary key,
    destination text collate "C" not null,
    parcel_id text not null,
    organisation text,
    body bytea not null,
    created_at timestamptz not null default clock_timestamp(),
    claimed_until timestamptz,
    attempts integer not null default 0
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

create index outbox_queue on engine.outbox (destination, id);

-- Orders that an organisation fetches itself (pull). Kept after the acknowledgement for catching up;
-- one that is sent again moves to the end of the feed.
create table engine.pull_orders (
    position bigint generated always as identity primary key,
    organisation text collate "C" not null,
    order_id text collate "C" not null,
    due_on date,
    event bytea not null,
    created_at timestamptz not null default clock_timestamp(),
    acked_at timestamptz,
    unique (organisation, order_id)
) with (fillfactor = 80);

create index pull_orders_waiting on engine.pull_orders (organisation, position) where acked_at is null;

create table engine.disclosures (
    order_id text collate "C" not null,
    field text collate "C" not null,
    case_id uuid not null references engine.cases (id) on delete cascade,
    filing uuid not null,
    organisation text not null,
    basis text not null,
    at timestamptz not null,
    primary key (order_id, field)
);

create index disclosures_of_case on engine.disclosures (case_id);

create table engine.parked (
    id uuid primary key,
    where_from text not null,
    sender text,
    events bytea[] not null,
    reason text not null,
    attempts integer not null,
    parked_at timestamptz not null default clock_timestamp(),
    resolved_at timestamptz,
    resolution text
);

create index parked_open on engine.parked (parked_at) where resolved_at is null;

-- Sealed bytes do not get smaller: no time is spent on trying.
alter table engine.case_plans alter column contents_sealed set storage external;
alter table engine.journal alter column body_sealed set storage external;
alter table engine.outbox alter column body set storage external;
alter table engine.pull_orders alter column event set storage external;
