-- SPDX-License-Identifier: Apache-2.0
-- What running cases are about, as a keyed hash that nobody reads back: two people who report the same
-- (a death) find each other's case instead of filing twice. The row goes when the case ends.
create table engine.reported (
    mark text primary key,
    case_id uuid not null unique references engine.cases (id) on delete cascade
);
