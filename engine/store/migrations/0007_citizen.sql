-- What a citizen is given beside the case: who still holds an old value, a calendar to subscribe to,
-- a certificate at the end, notices, and an end to what is kept.

alter table engine.filings add column old_since timestamptz;

-- Rare: only what a correction or a calling off has made old, until it is confirmed.
create index filings_old on engine.filings (coalesce(due_on, date 'infinity'), id) where old_since is not null;

-- Null in cases opened before: they end by the rule of their time, thirty days.
alter table engine.cases add column draft_until timestamptz;

-- Capabilities: whoever has the token reads deadlines and titles of one case, nothing else. Only its
-- hash is here.
create table engine.calendar_feeds (
    id uuid primary key,
    case_id uuid not null references engine.cases (id) on delete cascade,
    person uuid not null,
    token_hash bytea not null unique check (octet_length(token_hash) = 32),
    made_at timestamptz not null,
    revoked_at timestamptz
);

create index calendar_feeds_of_case on engine.calendar_feeds (case_id);

-- One row for each case that has ended: what is still owed to it. The certificate is sealed under the
-- key of the case, and goes with it.
create table engine.endings (
    case_id uuid primary key references engine.cases (id) on delete cascade,
    ended_at timestamptz not null,
    owes_certificate boolean not null,
    certificate_sealed bytea,
    certified_at timestamptz,
    erased_at timestamptz
);

create index endings_to_certify on engine.endings (ended_at, case_id)
    where owes_certificate and certified_at is null and erased_at is null;
create index endings_to_erase on engine.endings (ended_at, case_id) where erased_at is null;
alter table engine.endings alter column certificate_sealed set storage external;

insert into engine.endings (case_id, ended_at, owes_certificate)
select c.id,
       coalesce((select max(j.at) from engine.journal j where j.case_id = c.id and j.type = 'case-moved'),
                c.opened_at),
       c.state in ('completed', 'completed-partly')
from engine.cases c
where c.state in ('completed', 'completed-partly', 'cancelled', 'expired');

-- What is left of the events of an erased case: kinds and states, so that its journal still replays.
create table engine.erased_events (
    case_id uuid not null,
    seq integer not null,
    body jsonb not null,
    primary key (case_id, seq),
    foreign key (case_id, seq) references engine.journal (case_id, seq) on delete cascade
);

-- What a person is to be told, without a document. Slugs, days and kinds: the words are the page's.
create table mailbox.notices (
    id uuid primary key,
    owner uuid not null,
    case_id uuid not null,
    filing uuid not null,
    slug text not null,
    kind text not null,
    due_on date,
    at timestamptz not null,
    read_at timestamptz
);

create index notices_of_owner on mailbox.notices (owner, at desc, id desc);
create index notices_of_case on mailbox.notices (case_id);
