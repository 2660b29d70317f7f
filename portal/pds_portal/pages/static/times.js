// Puts every time of the page into the reader's own zone and words; the server wrote them in UTC.

const forms = {
  moment: new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "short" }),
  hour: new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" }),
};

export function localizeTimes(root = document) {
  for (const time of root.querySelectorAll("time[data-form]")) {
    const form = forms[time.dataset.form];
    const at = new Date(time.dateTime);
    if (!form || Number.isNaN(at.getTime())) continue; // a day is the same day in every zone
    time.title = time.textContent;
    time.textContent = form.format(at);
  }
}
