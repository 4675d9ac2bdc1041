-- The electronic PO box (電子私書箱). States, hashes and sealed bytes only: what a letter says and
-- is called is sealed under its owner's key. Deleting a row of person_keys is erasing the person's box.

create schema mailbox;

create table mailbox.person_keys (
    id uuid primary key,
    person uuid not null unique,
    key_wrapped bytea not null,
    made_at timestamptz not null default now()
);

create table mailbox.letters (
    id uuid primary key,
    owner uuid not null,
    person_key uuid not null references mailbox.person_keys (id) on delete cascade,
    case_id uuid not null,
    order_id text not null,
    document_id text not null,
    blob text not null,
    size_bytes bigint not null check (size_bytes >= 0),
    sha256 text not null,
    heading_sealed bytea not null,
    received_at timestamptz not null,
    opened_at timestamptz,
    downloaded_at timestamptz,
    unique (order_id, document_id)
) with (fillfactor = 80);

create index letters_of_owner on mailbox.letters (owner, received_at desc, id desc);
create index letters_by_blob on mailbox.letters (blob);
create index letters_by_person_key on mailbox.letters (person_key);

create table mailbox.letter_keys (
    letter_id uuid primary key references mailbox.letters (id) on delete cascade,
    key_wrapped bytea not null
);

create table mailbox.letter_events (
    id bigint generated always as identity primary key,
    letter_id uuid not null references mailbox.letters (id) on delete cascade,
    event text not null check (event in ('delivered', 'opened', 'downloaded')),
    at timestamptz not null
);

create index letter_events_of_letter on mailbox.letter_events (letter_id, id);

-- Written in the transaction that puts a Deliver into the outbox, deleted by the one that keeps the
-- letter: while the row is here the sweeper leaves the blob alone, however long the post is away.
create table mailbox.promised_blobs (
    blob text primary key,
    promised_at timestamptz not null default now()
);

create table mailbox.upload_tickets (
    id text primary key,
    organisation text not null,
    size_bytes bigint not null check (size_bytes >= 0),
    sha256 text not null,
    opened_at timestamptz not null,
    expires_at timestamptz not null,
    blob text,
    key_wrapped text,
    redeemed_at timestamptz,
    check ((blob is null) = (key_wrapped is null))
);

create index upload_tickets_waiting on mailbox.upload_tickets (organisation, expires_at) where blob is null;
create index upload_tickets_by_blob on mailbox.upload_tickets (blob) where blob is not null;
create index upload_tickets_by_age on mailbox.upload_tickets (opened_at);
