-- The day that decides for those who say nothing can move: a court extends it, an heir learns late.

alter table engine.filings add column closes_on date;
