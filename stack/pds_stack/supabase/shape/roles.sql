-- The roles of a Supabase project, once for each server. The superuser is supabase_admin, as there; migrations run as postgres,
-- which is none.
create role postgres nosuperuser createdb createrole nologin bypassrls;
create role anon nologin noinherit;
create role authenticated nologin noinherit;
create role service_role nologin noinherit bypassrls;
create role authenticator login noinherit;
grant anon, authenticated, service_role to authenticator;
grant anon, authenticated, service_role to postgres;
