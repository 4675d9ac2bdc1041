-- When the case of a signature that is undone was looked after: what had not gone out was put aside.
alter table engine.evidence add column answered_at timestamptz;
create index evidence_undone on engine.evidence (answered_at desc nulls first, signed_at, id) where standing = 'undone';
