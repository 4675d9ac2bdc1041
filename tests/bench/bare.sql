-- SPDX-License-Identifier: Apache-2.0
-- The tables of the bare pipelines: what is kept of a case when nothing has to be understood.
create schema bare;
create table bare.cases (
    id uuid primary key, missing smallint not null, state text not null
) with (fillfactor = 70);
create table bare.filings (
    id uuid primary key, case_id uuid not null, state text not null, since timestamptz not null
) with (fillfactor = 70);
create index on bare.filings (case_id);
create table bare.history (
    case_id uuid not null, filing uuid not null, state text not null, body bytea not null,
    at timestamptz not null default clock_timestamp(),
    primary key (case_id, filing, state)
);
create table bare.inbox (id text collate "C" primary key, at timestamptz not null default clock_timestamp());
create table bare.queue (
    id bigint generated always as identity primary key, destination text collate "C" not null, body bytea not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
create index on bare.queue (destination, id);
