// The dashboard: each part of it is brought to life by a module of its own.

import { enhanceCheckout } from "./checkout.js";
import { enhanceDetails } from "./details.js";
import { follow } from "./progress.js";
import { localizeTimes } from "./times.js";

const FIRST_MS = 1000;
const LONGEST_MS = 30000;

// Puts the dashboard as it is now in the place of the one that is shown. The server waits longer for this than for a
// page that somebody looks at an empty window for. Returns whether the dashboard has changed.
async function changePage() {
  const response = await fetch("/dashboard?wait=true");
  if (response.redirected) location.assign("/dashboard"); // signed out meanwhile
  if (!response.ok) return false;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  const next = fresh.getElementById("dashboard");
  const shown = document.getElementById("dashboard");
  if (!next || (next.dataset.part === shown.dataset.part && next.dataset.step === shown.dataset.step)) return false;
  const focused = shown.contains(document.activeElement);
  document.title = fresh.title;
  shown.replaceWith(next);
  history.replaceState(null, "", "/dashboard"); // a reload is not to say again that a payment has just been made
  document.getElementById("announcer").textContent = next.dataset.announce;
  if (focused) document.getElementById("main").focus();
  localizeTimes(next);
  enter(next);
  return true;
}

// Asks for the whole page again and again, where the server could not say in time what to show.
function askAgain(delay = FIRST_MS) {
  setTimeout(async () => {
    const changed = !document.hidden && (await changePage().catch(() => false));
    if (!changed) askAgain(document.hidden ? delay : Math.min(delay * 2, LONGEST_MS));
  }, delay);
}

function enter(dashboard) {
  enhanceCheckout(dashboard);
  enhanceDetails(dashboard);
  if (dashboard.dataset.follow === "progress") follow(dashboard, changePage);
  if (dashboard.dataset.follow === "page") askAgain();
}

enter(document.getElementById("dashboard"));
