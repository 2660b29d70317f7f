// The details of a PDS: copies the install command, shows the password to whoever asks for it.

import { csrfToken } from "./csrf.js";

const SHOWN_MS = 2000;
const NONE = "There is no admin password to show.";
const AWAY = "The password could not be shown. Try again in a minute.";

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
    announce("Copied.");
  } catch {
    getSelection().selectAllChildren(source); // no right to the clipboard: ready for the reader's own copy
    button.textContent = "Selected";
    announce("Selected, ready to be copied.");
  }
  setTimeout(() => (button.textContent = label), SHOWN_MS);
}

function announce(text) {
  document.getElementById("announcer").textContent = text;
}

async function ask() {
  const response = await fetch("/api/pds/service/reveal", {
    method: "POST",
    headers: { Accept: "application/json", "X-CSRF-Token": csrfToken() },
  });
  const answer = await response.json();
  return response.ok ? { password: answer.adminPassword, problem: NONE } : { problem: answer.error };
}

async function reveal(form) {
  const button = form.querySelector("button");
  const place = document.getElementById("admin-password");
  const said = document.getElementById("reveal-error");
  button.disabled = true;
  said.hidden = true;
  const { password, problem } = await ask().catch(() => ({ problem: AWAY }));
  button.disabled = false;
  if (password) {
    const dots = place.textContent;
    place.textContent = password;
    form.replaceWith(hider(place, dots, form));
    announce("The password is shown.");
  } else {
    said.textContent = problem;
    said.hidden = false;
  }
}

function hider(place, dots, form) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button quiet small";
  button.textContent = "Hide password";
  button.addEventListener("click", () => {
    place.textContent = dots;
    button.replaceWith(form);
    form.querySelector("button").focus();
  });
  queueMicrotask(() => button.focus());
  return button;
}

export function enhanceDetails(dashboard) {
  for (const button of dashboard.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
  const form = dashboard.querySelector("#reveal");
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    reveal(form);
  });
}
