-- How orders leave for organisations that take them by webhook, by file, or fetch them themselves:
-- one table of orders for all of these, so that an organisation changes its channel and loses nothing.

-- What became of sending an order. None of these columns is in an index: an attempt stays on its page (HOT).
alter table engine.pull_orders
    add column attempts smallint not null default 0,
    add column next_at timestamptz,
    add column last_at timestamptz,
    add column last_status text,
    add column aside text;

-- The most urgent first; orders without a last day come after those that have one.
create index pull_orders_urgent on engine.pull_orders
    (organisation, coalesce(due_on, date 'infinity'), position) where acked_at is null;

-- One lane for each organisation: its own limits, its own health, its own secret. Written when
-- something changes for the whole organisation, never for one order: no hot row.
create table engine.lanes (
    number text primary key check (number ~ '^[1-9][0-9]{12}$'),
    mode text not null default 'open' check (mode in ('open', 'draining', 'held')),
    rate real not null default 50 check (rate > 0),
    concurrency smallint not null default 8 check (concurrency between 1 and 256),
    opens time,
    closes time check ((opens is null) = (closes is null) and opens < closes),
    secret_generation integer not null default 1,
    secret_changed_at timestamptz,
    circuit text not null default 'closed' check (circuit in ('closed', 'open', 'thawing')),
    rounds smallint not null default 0,
    pause_until timestamptz,
    failing_since timestamptz,
    last_status text,
    stopped_at timestamptz,
    driven integer not null default 0,
    amqp_until timestamptz,
    holder uuid,
    held_until timestamptz
);
