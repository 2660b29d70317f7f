-- Which Stripe customer a user is, as the newest paid checkout has it, else the newest: one row a user.
--
-- It also turns an older table of this name into that, one with an id as primary key and a row for every delivery of an
-- event: its further columns stay, and of several rows of a user the newest.

create table if not exists public.subscriptions (
  user_id uuid primary key references auth.users (id) on delete cascade,
  stripe_customer_id text,
  stripe_subscription_id text,
  status text,
  checkout_session_id text,
  checkout_created_at timestamptz,
  event_created_at timestamptz,
  created_at timestamptz default now(),
  updated_at timestamptz default now()
);

alter table public.subscriptions
  add column if not exists stripe_customer_id text,
  add column if not exists stripe_subscription_id text,
  add column if not exists status text,
  add column if not exists checkout_session_id text,
  add column if not exists checkout_created_at timestamptz,
  add column if not exists event_created_at timestamptz,
  add column if not exists created_at timestamptz default now(),
  add column if not exists updated_at timestamptz default now();

comment on table public.subscriptions is
  'Which Stripe customer a user is, as their newest paid checkout has it, or the newest while none is paid. '
  'Written through record_subscription alone.';
comment on column public.subscriptions.checkout_created_at is
  'When the checkout session was created, by Stripe''s clock. Null: the row is older than any checkout with a time.';
comment on column public.subscriptions.event_created_at is
  'When the newest event that told of that checkout session was created, by Stripe''s clock.';

-- The older trigger goes before the merge, which is not to look like news of the user.
drop trigger if exists update_subscriptions_updated_at on public.subscriptions;

-- One row a user. One statement, so that an interruption leaves all or nothing of it.
do $$
begin
  if exists (
    select from pg_catalog.pg_index i
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attname = 'user_id'
    where i.indrelid = 'public.subscriptions'::regclass
      and i.indisunique and i.indisvalid and i.indimmediate and i.indpred is null
      and i.indnkeyatts = 1 and i.indkey[0] = a.attnum
  ) then
    return;
  end if;

  lock table public.subscriptions in access exclusive mode;

  -- Rank 1 stays: the newest, and of rows as new as each other one that knows the customer.
  create temporary table ranked_subscriptions as
  select *
  from (
    select
      s.ctid as place, s.user_id, s.stripe_customer_id, s.stripe_subscription_id, s.status,
      count(*) over (partition by s.user_id) as rows_of_user,
      row_number() over (
        partition by s.user_id
        order by s.updated_at desc nulls last, s.created_at desc nulls last, s.stripe_customer_id is null, s.ctid desc
      ) as rank
    from public.subscriptions s
    where s.user_id is not null
  ) as all_rows
  where rows_of_user > 1;
  create index on ranked_subscriptions (user_id, rank);

  -- First, since a subscription's id may be unique in the older table.
  delete from public.subscriptions s using ranked_subscriptions r where s.ctid = r.place and r.rank > 1;

  -- What the kept row lacks comes from the next newest row that has it and does not contradict the kept row:
  -- a subscription of the same customer, a status of the same subscription. Further columns are not mixed.
  update public.subscriptions s
  set stripe_customer_id = (
    select r.stripe_customer_id from ranked_subscriptions r
    where r.user_id = s.user_id and r.stripe_customer_id is not null
    order by r.rank limit 1
  )
  where s.stripe_customer_id is null and s.user_id in (select user_id from ranked_subscriptions);

  update public.subscriptions s
  set stripe_subscription_id = (
    select r.stripe_subscription_id from ranked_subscriptions r
    where r.user_id = s.user_id and r.stripe_subscription_id is not null
      and (r.stripe_customer_id is null or r.stripe_customer_id = s.stripe_customer_id)
    order by r.rank limit 1
  )
  where s.stripe_subscription_id is null and s.user_id in (select user_id from ranked_subscriptions);

  update public.subscriptions s
  set status = (
    select r.status from ranked_subscriptions r
    where r.user_id = s.user_id and r.status is not null
      and (r.stripe_customer_id is null or r.stripe_customer_id = s.stripe_customer_id)
      and (r.stripe_subscription_id is null or r.stripe_subscription_id = s.stripe_subscription_id)
    order by r.rank limit 1
  )
  where s.status is null and s.user_id in (select user_id from ranked_subscriptions);

  drop table ranked_subscriptions;
  alter table public.subscriptions add constraint subscriptions_user_id_key unique (user_id);
end;
$$;

-- A user who is deleted takes the row along.
do $$
declare
  user_id_column smallint := (
    select attnum from pg_catalog.pg_attribute
    where attrelid = 'public.subscriptions'::regclass and attname = 'user_id'
  );
  older name;
begin
  if exists (
    select from pg_catalog.pg_constraint
    where conrelid = 'public.subscriptions'::regclass and contype = 'f' and confrelid = 'auth.users'::regclass
      and conkey = array[user_id_column] and confdeltype = 'c'
  ) then
    return;
  end if;
  for older in
    select conname from pg_catalog.pg_constraint
    where conrelid = 'public.subscriptions'::regclass and contype = 'f' and confrelid = 'auth.users'::regclass
      and conkey = array[user_id_column]
  loop
    execute format('alter table public.subscriptions drop constraint %I', older);
  end loop;
  alter table public.subscriptions add foreign key (user_id) references auth.users (id) on delete cascade;
end;
$$;

-- A checkout's event does not tell everything that an older table demands: a status, a price, a period.
do $$
declare
  demanded name;
begin
  for demanded in
    select a.attname from pg_catalog.pg_attribute a
    where a.attrelid = 'public.subscriptions'::regclass
      and a.attnum > 0 and not a.attisdropped and a.attnotnull and not a.atthasdef and a.attidentity = ''
      and a.attname <> 'user_id'
      and not exists (
        select from pg_catalog.pg_index i
        where i.indrelid = a.attrelid and i.indisprimary and a.attnum = any (i.indkey)
      )
  loop
    execute format('alter table public.subscriptions alter column %I drop not null', demanded);
  end loop;
end;
$$;

-- Users see their own row and write none: one who could insert could claim another's Stripe customer.
alter table public.subscriptions enable row level security;

do $$
declare
  older name;
begin
  for older in
    select policyname from pg_catalog.pg_policies
    where schemaname = 'public' and tablename = 'subscriptions' and cmd <> 'SELECT'
  loop
    execute format('drop policy %I on public.subscriptions', older);
  end loop;
end;
$$;

drop policy if exists "Users can view own subscriptions" on public.subscriptions;
create policy "Users can view own subscriptions"
  on public.subscriptions
  for select
  using (auth.uid() = user_id);

create or replace function public.update_subscriptions_updated_at_column()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  new.updated_at = now();
  return new;
end;
$$;

create trigger update_subscriptions_updated_at
  before update on public.subscriptions
  for each row
  execute function public.update_subscriptions_updated_at_column();
