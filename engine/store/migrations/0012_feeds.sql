-- What was acknowledged is kept for a time, so that it can be offered again, and then forgotten.
create index pull_orders_taken on engine.pull_orders (acked_at) where acked_at is not null;
