-- Organisations (機関・事業者), what they subscribe to, and their public keys. No personal data.

-- One row, changed first in every write: it puts the writes in a row, and a reader who sees a version
-- sees all of it (a sequence would show its number before the commit).
create table engine.registry_version (
    only_row boolean primary key default true check (only_row),
    version bigint not null
);

insert into engine.registry_version (version) values (0);

create table engine.organisations (
    number text primary key check (number ~ '^[1-9][0-9]{12}$'),
    name_ja text not null,
    name_en text not null,
    kind text not null,
    channel text not null,
    endpoint text,
    areas text[] not null,
    state text not null check (state in ('active', 'paused', 'revoked'))
);

-- area null: the whole country.
create table engine.subscriptions (
    number text not null references engine.organisations (number),
    slug text not null,
    area text,
    since timestamptz not null,
    unique nulls not distinct (number, slug, area)
);

-- kid is the thumbprint of the key: a key belongs to one organisation, once. Rows are never deleted.
create table engine.organisation_keys (
    kid text primary key,
    number text not null references engine.organisations (number),
    use text not null check (use in ('sig', 'enc')),
    x text not null,
    y text not null,
    not_before timestamptz not null,
    not_after timestamptz not null check (not_after > not_before),
    revoked_at timestamptz
);

create index organisation_keys_of on engine.organisation_keys (number);
