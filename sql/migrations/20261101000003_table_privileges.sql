-- A second wall behind row level security: Supabase's default privileges let every role do everything to a new table.

revoke all on table public.pds_services, public.subscriptions from public, anon, authenticated;
grant select on table public.pds_services, public.subscriptions to authenticated;
grant select, insert, update, delete on table public.pds_services, public.subscriptions to service_role;
