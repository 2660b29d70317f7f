// Follows a PDS that is on its way: asks how far it is, shows it, and says when the page itself is to change.

const FIRST_MS = 1500;
const GROWTH = 1.2;
const LONGEST_MS = 15000;
const LATE_LOOKS = 20;
const LATE =
  "Stripe has not confirmed the payment yet. If you have paid, nothing is lost and you need not pay again: this page " +
  "goes on asking.";
const AWAY = "We cannot reach the server just now. Your PDS is still being set up; this page goes on asking.";

// Shows the steps up to the one at hand; false where the page has no such step. What is done stays done: where the
// backend cannot be asked, a PDS counts as being set up, however far it was.
function showSteps(dashboard, name) {
  const items = [...dashboard.querySelectorAll(".step")];
  const place = (step) => items.findIndex((item) => item.dataset.step === step);
  if (place(name) < 0) return false;
  const at = Math.max(place(name), place(dashboard.dataset.step));
  const arrived = at === items.length - 1;
  items.forEach((item, number) => {
    const done = number < at || arrived;
    const now = number === at && !arrived;
    item.classList.toggle("is-done", done);
    item.classList.toggle("is-now", now);
    if (now) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
    item.querySelector(".standing").textContent = ` (${done ? "done" : now ? "now" : "to come"})`;
  });
  return true;
}

// A live region is read out again with each write, so only what is new is written.
function say(dashboard, message) {
  const place = dashboard.querySelector("#progress-message");
  if (place && place.textContent !== message) place.textContent = message;
}

function showHostname(dashboard, hostname) {
  const place = dashboard.querySelector("#hostname");
  if (!place || !hostname) return;
  // As the server writes it: a line that is too short for it ends behind a dot.
  const labels = hostname.split(/(?<=\.)/);
  place.replaceChildren(...labels.flatMap((label) => [document.createElement("wbr"), label]));
  place.hidden = false;
}

function retryAfterMs(response) {
  return (Number(response.headers.get("Retry-After")) || 0) * 1000;
}

// Asks until all is settled or the page changes; a hidden page asks nothing. `changePage` resolves to true when it has.
export function follow(dashboard, changePage) {
  let delay = FIRST_MS;
  let timer = 0;
  let ended = false;
  let looks = 0;

  function later(atLeast = 0) {
    clearTimeout(timer);
    if (!ended && !document.hidden) timer = setTimeout(look, Math.max(delay, atLeast));
    delay = Math.min(delay * GROWTH, LONGEST_MS);
  }

  function end() {
    ended = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", wake);
  }

  function wake() {
    if (document.hidden) return clearTimeout(timer);
    delay = FIRST_MS;
    look();
  }

  // The page knows more than the server's rows while a customer comes back from Stripe before the webhook was heard.
  function sayTheSame(progress) {
    if (!dashboard.dataset.unconfirmed) say(dashboard, progress.message);
    else if (looks > LATE_LOOKS) say(dashboard, LATE);
  }

  async function show(progress) {
    if (progress.step === dashboard.dataset.step) return sayTheSame(progress);
    const among = showSteps(dashboard, progress.step);
    if (!among || progress.settled) {
      if (await changePage()) return end();
      return; // the next look tries again
    }
    dashboard.dataset.step = progress.step;
    delete dashboard.dataset.unconfirmed;
    delay = FIRST_MS;
    say(dashboard, progress.message);
    showHostname(dashboard, progress.hostname);
  }

  async function look() {
    let atLeast = 0;
    looks += 1;
    try {
      const response = await fetch("/api/pds/progress", { headers: { Accept: "application/json" } });
      if (response.status === 401) return location.reload();
      atLeast = retryAfterMs(response);
      if (!response.ok) throw new Error(`status ${response.status}`);
      await show(await response.json());
    } catch {
      say(dashboard, AWAY);
    }
    later(atLeast);
  }

  document.addEventListener("visibilitychange", wake);
  later();
}
