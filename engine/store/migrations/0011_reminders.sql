-- The day of the last reminder, so that nobody is reminded twice. It moves rarely, and no index names it.
alter table engine.filings add column reminded_on date;
