-- The same read, and whether another user's row stands in the way of a hostname. A row that only tells of a failed
-- deploy does not: nothing was made under it.

create index if not exists pds_services_hostname_idx on public.pds_services (hostname);
create index if not exists pds_services_pds_service_id_idx on public.pds_services (pds_service_id);

drop function if exists public.look_up_pds_service(uuid);

create or replace function public.look_up_pds_service(p_user_id uuid, p_hostname text default null)
returns jsonb
language sql
stable
security definer -- auth.users is closed to the service role
set search_path = ''
as $$
  select jsonb_build_object(
    'user_exists', exists (select from auth.users where id = p_user_id),
    'row', (select to_jsonb(s) from public.pds_services s where s.user_id = p_user_id),
    'hostname_elsewhere', exists (
      select from public.pds_services s
      where s.hostname = p_hostname
        and s.user_id <> p_user_id
        and (s.pds_service_id is not null or s.status <> 'deploy_failed')
    )
  );
$$;

comment on function public.look_up_pds_service(uuid, text) is
  'A user''s row of pds_services, or null, whether the user exists, and whether another user''s row has a PDS of that hostname: {"user_exists": bool, "row": {...} | null, "hostname_elsewhere": bool}.';

revoke all on function public.look_up_pds_service(uuid, text) from public, anon, authenticated;
grant execute on function public.look_up_pds_service(uuid, text) to service_role;
