-- Rehearsals (適合試験) of organisations in a sandbox: no real person is in any of these tables.

create table engine.rehearsals (
    id uuid primary key,
    number text not null references engine.organisations (number),
    state text not null check (state in ('waiting', 'running', 'passed', 'failed', 'broken-off')),
    asked jsonb not null,
    findings jsonb not null default '[]',
    -- What the engineer is asked to do now, and what was done.
    step text,
    confirmed text[] not null default '{}',
    -- Whether the engine's other key is published while the run lasts.
    other_key boolean not null default false,
    -- The orders that were put into the feed, to be taken out of it at the end.
    offered text[] not null default '{}',
    held_until timestamptz,
    begun_at timestamptz not null,
    ended_at timestamptz,
    report text,
    check ((ended_at is null) = (state in ('waiting', 'running')))
);

create unique index rehearsals_open on engine.rehearsals (number) where ended_at is null;
create index rehearsals_newest on engine.rehearsals (number, begun_at);

-- Which references belong to a run: replies about them are judged, and reach no case.
create table engine.rehearsal_references (
    reference text collate "C" primary key,
    number text not null,
    run uuid not null references engine.rehearsals (id) on delete cascade
);

-- Every copy of every reply, as it came; `problem` is why it could not be taken.
create table engine.rehearsal_replies (
    position bigint generated always as identity primary key,
    run uuid not null references engine.rehearsals (id) on delete cascade,
    reference text not null,
    reply_id text not null,
    kind text not null,
    order_id text not null,
    payload jsonb not null,
    problem text,
    said_at timestamptz not null,
    heard_at timestamptz not null
);

create index rehearsal_replies_of_run on engine.rehearsal_replies (run, position);

-- Since when an organisation is turned away because its clock is wrong.
create table engine.rehearsal_clocks (
    number text primary key,
    refused_at timestamptz not null
);
