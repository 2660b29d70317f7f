-- What the webhook calls with each checkout's event.
--
-- The row is the same in whatever order the events arrive, since a checkout that was paid stays paid, and its paid event
-- tells all of its ids.

create or replace function public.record_subscription(
  p_user_id uuid,
  p_stripe_customer_id text,
  p_stripe_subscription_id text,
  p_status text,
  p_checkout_session_id text,
  p_checkout_created_at timestamptz,
  p_event_created_at timestamptz
)
returns boolean
language plpgsql
security invoker
set search_path = ''
as $$
declare
  paid constant boolean not null := coalesce(p_status = 'active', false);
  kept public.subscriptions;
  kept_paid boolean;
  wanted public.subscriptions;
begin
  if p_user_id is null or p_checkout_session_id is null
    or p_checkout_created_at is null or p_event_created_at is null
  then
    raise exception 'record_subscription needs a user, a checkout session, its time and the event''s time'
      using errcode = 'null_value_not_allowed';
  end if;

  loop
    insert into public.subscriptions (
      user_id, stripe_customer_id, stripe_subscription_id, status,
      checkout_session_id, checkout_created_at, event_created_at
    )
    values (
      p_user_id, p_stripe_customer_id, p_stripe_subscription_id, p_status,
      p_checkout_session_id, p_checkout_created_at, p_event_created_at
    )
    on conflict (user_id) do nothing;
    if found then
      return true;
    end if;

    -- From here on nobody else writes the row. It is gone if the user was deleted meanwhile: then the insert says so.
    select * into kept from public.subscriptions where user_id = p_user_id for update;
    exit when found;
  end loop;

  kept_paid := coalesce(kept.status::text = 'active', false);
  wanted := kept;
  if kept.checkout_session_id = p_checkout_session_id then
    -- Of two events of one second the paid one is the later; what is left to decide, the status' spelling decides.
    if kept.event_created_at is null
      or (p_event_created_at, paid, coalesce(p_status, '') collate "C")
        >= (kept.event_created_at, kept_paid, coalesce(kept.status::text, '') collate "C")
    then
      wanted.stripe_customer_id := coalesce(p_stripe_customer_id, kept.stripe_customer_id);
      wanted.stripe_subscription_id := coalesce(p_stripe_subscription_id, kept.stripe_subscription_id);
      wanted.status := p_status;
      wanted.event_created_at := p_event_created_at;
    else
      -- A late event still adds an id that the newer one did not tell, so that the order of arrival does not matter.
      wanted.stripe_customer_id := coalesce(kept.stripe_customer_id, p_stripe_customer_id);
      wanted.stripe_subscription_id := coalesce(kept.stripe_subscription_id, p_stripe_subscription_id);
    end if;
  elsif
    -- A row of the first product has no checkout: it is older than any, but nothing unpaid takes its place once paid.
    (paid, p_checkout_created_at, p_checkout_session_id collate "C")
      > (
        kept_paid,
        coalesce(kept.checkout_created_at, '-infinity'),
        coalesce(kept.checkout_session_id, '') collate "C"
      )
  then
    wanted.stripe_customer_id := p_stripe_customer_id;
    wanted.stripe_subscription_id := p_stripe_subscription_id;
    wanted.status := p_status;
    wanted.checkout_session_id := p_checkout_session_id;
    wanted.checkout_created_at := p_checkout_created_at;
    wanted.event_created_at := p_event_created_at;
  else
    return false;
  end if;

  if to_jsonb(wanted) is distinct from to_jsonb(kept) then
    update public.subscriptions
    set stripe_customer_id = wanted.stripe_customer_id,
        stripe_subscription_id = wanted.stripe_subscription_id,
        status = wanted.status,
        checkout_session_id = wanted.checkout_session_id,
        checkout_created_at = wanted.checkout_created_at,
        event_created_at = wanted.event_created_at
    where user_id = p_user_id;
  end if;
  return true;
end;
$$;

comment on function public.record_subscription is
  'Record what an event told of a checkout. True: the row tells of this checkout, as its newest event has it; '
  'false: it tells of another one and was kept. A paid checkout (status active) goes before one that is not, then the '
  'one created later, then the one with the greater session id; of two events of one second the paid one is the newer. '
  'An unknown user: foreign_key_violation.';

revoke all on function public.record_subscription from public, anon, authenticated;
grant execute on function public.record_subscription to service_role;
