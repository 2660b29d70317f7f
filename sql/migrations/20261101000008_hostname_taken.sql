-- What the portal asks while a customer chooses a name. Nobody may read another user's row, so this answers yes or no
-- and nothing else. A row of a failed deploy counts too: its hostname stays reserved for its user.

-- Rows of the product's first version may hold upper case.
create index if not exists pds_services_lower_hostname_idx on public.pds_services (lower(hostname));

create or replace function public.hostname_taken(p_hostname text)
returns boolean
language sql
stable
security definer -- row level security hides other users' rows
set search_path = ''
as $$
  select
    p_hostname is not null
    and length(p_hostname) <= 253 -- no hostname is longer
    and exists (
      select from public.pds_services s
      where lower(s.hostname) = lower(p_hostname)
        and s.user_id is distinct from auth.uid()
    );
$$;

comment on function public.hostname_taken(text) is
  'Whether the row of a user other than the one who asks has this hostname, in whatever case. False for null and for what is too long to be a hostname.';

revoke all on function public.hostname_taken(text) from public, anon, service_role;
grant execute on function public.hostname_taken(text) to authenticated;
