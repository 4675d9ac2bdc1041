-- Agents (受託者) who carry orders for other organisations by their grant, and organisations that
-- carry on what another one was (合併, 法人番号の変更).

-- Prepared by 0008 and used by nobody: a grant has a beginning, an end, and is accepted.
drop table engine.agent_grants;

-- procedures: [[slug, area or null], …]. Rows are never deleted.
-- taken_over_at, handed_back_at: when what waited had been sealed anew for who takes it since.
create table engine.agent_grants (
    id uuid primary key,
    principal text not null references engine.organisations (number),
    agent text not null references engine.organisations (number),
    procedures jsonb not null,
    begins_at timestamptz not null,
    ends_at timestamptz not null,
    offered_by text not null,
    offered_at timestamptz not null,
    accepted_by text,
    accepted_at timestamptz,
    ended_by text,
    ended_at timestamptz,
    ended_because text,
    taken_over_at timestamptz,
    handed_back_at timestamptz,
    check (principal <> agent),
    check (begins_at < ends_at),
    check ((accepted_at is null) = (accepted_by is null)),
    check ((ended_at is null) = (ended_by is null))
);

create index agent_grants_of_principal on engine.agent_grants (principal, offered_at, id);
create index agent_grants_of_agent on engine.agent_grants (agent, offered_at, id);

create table engine.successions (
    predecessor text primary key references engine.organisations (number),
    successor text not null references engine.organisations (number),
    declared_by text not null,
    declared_at timestamptz not null,
    reason text not null,
    overlap_until timestamptz not null,
    taken_over_at timestamptz,
    check (predecessor <> successor)
);

create index successions_of_successor on engine.successions (successor);

-- `organisation` is whose feed the order lies in; `principal` whom the order is for, where that is another.
alter table engine.pull_orders drop column agent, add column principal text collate "C";
create index pull_orders_of_principal on engine.pull_orders (principal, position)
    where principal is not null and acked_at is null;

-- Who was given an order, where it was not (or not always) the organisation of the filing itself.
create table engine.handed (
    order_id text collate "C" not null,
    taker text collate "C" not null,
    filing uuid not null,
    at timestamptz not null,
    primary key (order_id, taker)
);

create index handed_of_filing on engine.handed (filing);
create index handed_to on engine.handed (taker, filing);

-- Who carried the message, where that was not the organisation itself: it has a row of its own, too.
alter table engine.traffic add column through text collate "C";
