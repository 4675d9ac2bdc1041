-- SPDX-License-Identifier: Apache-2.0
-- Who has a seat in a case that runs, as a keyed hash of name and birth date that nobody reads back: when
-- somebody has died, their other cases are found. The rows go when the case ends.
create table engine.case_people (
    case_id uuid not null references engine.cases (id) on delete cascade,
    seat uuid not null,
    person text not null,
    primary key (case_id, seat)
);
create index case_people_by_person on engine.case_people (person);

-- Of which cases the death they tell of has been followed to the other cases of who died.
create table engine.followed_deaths (
    case_id uuid primary key references engine.cases (id) on delete cascade
);
