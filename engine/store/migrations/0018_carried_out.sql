-- What was approved is done once: whoever says it again must not bring back who was taken away since.
alter table engine.applications add column carried_out_at timestamptz;

update engine.applications set carried_out_at = decided_at where state = 'approved';
