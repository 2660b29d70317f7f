// The form that buys: checks the address as it is typed, shows a refusal beside its field, goes on to Stripe's page.

import { csrfToken } from "./csrf.js";

const PAUSE_MS = 350;
const AWAY = "The payment could not be begun. Nothing was charged; try again in a minute.";

// Asks whether an address can be had, once the reader pauses; an answer that comes after the next key counts no more.
function checkAsTyped(input) {
  const verdict = document.getElementById(`${input.name}-verdict`);
  let timer = 0;
  let asking = new AbortController();

  function show(text, kind = "") {
    verdict.className = `verdict ${kind}`;
    verdict.textContent = text;
  }

  async function ask(typed) {
    asking = new AbortController();
    try {
      const query = new URLSearchParams({ [input.name]: typed });
      const response = await fetch(`/api/pds/check?${query}`, { signal: asking.signal });
      const answer = await response.json();
      if (response.status === 429) return show("");
      if (!response.ok) return show(answer.error, answer.field ? "is-bad" : "");
      show(answer.reason ?? `${answer.hostname} is free.`, answer.available ? "is-good" : "is-bad");
    } catch {
      if (!asking.signal.aborted) show(""); // the checkout itself checks again
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    asking.abort();
    clearProblem(input);
    show("");
    const typed = input.value.trim();
    if (typed) timer = setTimeout(() => ask(typed), PAUSE_MS);
  });
}

function clearProblem(input) {
  input.removeAttribute("aria-invalid");
  document.getElementById(`${input.name}-error`)?.remove(); // the server's, of a form that was sent without script
  document.getElementById("checkout-problem").textContent = "";
}

function showProblem(form, message, name) {
  document.getElementById("checkout-problem").textContent = message;
  const input = form.elements.namedItem(name);
  if (!(input instanceof HTMLInputElement) || input.type === "hidden") return;
  input.setAttribute("aria-invalid", "true");
  const folded = input.closest("details");
  if (folded) folded.open = true;
  input.focus();
}

async function buy(form) {
  const button = form.querySelector("button[type=submit]");
  const status = document.getElementById("checkout-status");
  document.getElementById("checkout-problem").textContent = "";
  form.querySelectorAll("[aria-invalid]").forEach(clearProblem);
  button.disabled = true;
  status.textContent = "Going on to the payment…";
  try {
    const response = await fetch(form.action, {
      method: "POST",
      headers: { Accept: "application/json", "X-CSRF-Token": csrfToken() },
      body: new URLSearchParams(new FormData(form)),
    });
    const answer = await response.json();
    if (response.ok) return location.assign(answer.url);
    showProblem(form, answer.error, answer.field);
  } catch {
    showProblem(form, AWAY);
  }
  button.disabled = false;
  status.textContent = "";
}

// The address loses the wish first, so that neither a reload nor the way back from Stripe buys by itself again.
function buyAtOnce(form) {
  const here = new URL(location.href);
  here.searchParams.delete("auto_checkout");
  history.replaceState(null, "", here);
  buy(form);
}

export function enhanceCheckout(dashboard) {
  const form = dashboard.querySelector("#checkout");
  if (!form) return;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    buy(form);
  });
  form.querySelectorAll("[data-check]").forEach(checkAsTyped);
  form.addEventListener("change", ({ target }) => {
    if (target.dataset.disksize) form.elements.disksizeGb.max = target.dataset.disksize;
  });
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return; // only who comes back from Stripe's page finds the form as it was left
    form.querySelector("button[type=submit]").disabled = false;
    document.getElementById("checkout-status").textContent = "";
  });
  if (form.dataset.auto) buyAtOnce(form);
}
