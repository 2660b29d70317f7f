// On every page: times in the reader's zone, and forms that are sent once.

import { localizeTimes } from "./times.js";

localizeTimes();

const ON_ITS_WAY_MS = 5000;

// A form that is on its way is not sent a second time by an impatient click.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, ON_ITS_WAY_MS); // the reader may have stopped it
});

// Who comes back to a page that the browser has kept finds its forms as they were.
window.addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});
