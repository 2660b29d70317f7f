-- What the operator reads before it deploys: whether there is such a user, and the user's row.

create or replace function public.look_up_pds_service(p_user_id uuid)
returns jsonb
language sql
stable
security definer -- auth.users is closed to the service role
set search_path = ''
as $$
  select jsonb_build_object(
    'user_exists', exists (select from auth.users where id = p_user_id),
    'row', (select to_jsonb(s) from public.pds_services s where s.user_id = p_user_id)
  );
$$;

comment on function public.look_up_pds_service(uuid) is
  'A user''s row of pds_services, or null, and whether the user exists: {"user_exists": bool, "row": {...} | null}.';

revoke all on function public.look_up_pds_service(uuid) from public, anon, authenticated;
grant execute on function public.look_up_pds_service(uuid) to service_role;
