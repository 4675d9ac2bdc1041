-- What the gate learned to do: evidence that is settled by a later list, a second proof within a
-- session, the app (デジタル認証アプリ) as another way to be known, lock-out, and counts of refusals.

alter table engine.challenges drop constraint challenges_purpose_check;
alter table engine.challenges add constraint challenges_purpose_check
    check (purpose in ('login', 'link', 'mandate', 'step-up'));

-- linked_by: how the credential became the person's. `entry` made the person; `live` was proven in a
-- session of the person; `mapping` is the authority's own word about two numbers of one holder.
alter table engine.credentials drop constraint credentials_kind_check;
alter table engine.credentials add constraint credentials_kind_check
    check (kind in ('login', 'signature', 'app'));
alter table engine.credentials add column linked_by text not null default 'live'
    check (linked_by in ('entry', 'live', 'mapping'));

-- A signature is `waiting` until the authority has spoken on a later day than the one it was made on;
-- then it is `settled` for good, or `undone`: revoked before it existed.
alter table engine.evidence add column standing text not null default 'waiting'
    check (standing in ('waiting', 'settled', 'undone'));
alter table engine.evidence add column settled_at timestamptz;
create index evidence_waiting on engine.evidence (signed_at) where standing = 'waiting';

-- name: keyed hash of a certificate or an address; whoever reads this table learns neither.
create table engine.gate_failures (
    name bytea primary key,
    failures integer not null,
    last_at timestamptz not null,
    locked_until timestamptz
) with (fillfactor = 80);

create index gate_failures_by_time on engine.gate_failures (last_at);

-- One visit to the app's provider, between going there and coming back. `verifier` is the secret of
-- PKCE; `browser` the hash of a cookie, so that an answer counts only in the browser that asked.
create table engine.app_visits (
    state_hash bytea primary key,
    purpose text not null check (purpose in ('login', 'link', 'step-up', 'mandate')),
    nonce text not null,
    verifier text not null,
    browser bytea not null,
    person uuid references engine.persons (id),
    challenge uuid,
    content bytea,
    transaction text,
    expires_at timestamptz not null
);

create index app_visits_by_end on engine.app_visits (expires_at);

-- Numbers by day and code, no person, no certificate, no address.
create table engine.gate_refusals (
    day date not null,
    code text not null,
    count bigint not null,
    primary key (day, code)
);
