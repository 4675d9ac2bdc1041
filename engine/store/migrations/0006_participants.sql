-- The people of a case, instead of the mere numbers of those who have not signed yet.

alter table engine.cases add column participants jsonb not null default '[]';
alter table engine.cases drop column unsigned;

-- "In which cases does this person take part": [{"person": …}] is contained in the column.
create index cases_by_participant on engine.cases using gin (participants jsonb_path_ops);
