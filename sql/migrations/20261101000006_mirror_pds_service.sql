-- How the operator writes the mirror: never null or another id over an id.

create or replace function public.mirror_pds_service(
  p_user_id uuid,
  p_pds_service_id bigint,
  p_hostname text,
  p_status text
)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  stored public.pds_services;
begin
  loop
    insert into public.pds_services as s (user_id, pds_service_id, hostname, status)
    values (p_user_id, p_pds_service_id, p_hostname, p_status)
    on conflict (user_id) do update
    set pds_service_id = excluded.pds_service_id,
        hostname = excluded.hostname,
        status = excluded.status
    where (s.pds_service_id is null or s.pds_service_id = excluded.pds_service_id)
      and (s.pds_service_id, s.hostname, s.status)
        is distinct from (excluded.pds_service_id, excluded.hostname, excluded.status)
    returning * into stored;
    if not found then
      select * into stored from public.pds_services where user_id = p_user_id;
    end if;
    -- No row at all: the user was deleted between the two statements, and the insert says so.
    exit when found;
  end loop;
  return to_jsonb(stored);
end;
$$;

comment on function public.mirror_pds_service is
  'Write a user''s row unless it holds another service''s id, and return the row as it is now, for the caller to '
  'compare. A row that says all that already is not touched. An unknown user: foreign_key_violation.';

revoke all on function public.mirror_pds_service from public, anon, authenticated;
grant execute on function public.mirror_pds_service to service_role;
