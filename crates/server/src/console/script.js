// A little comfort; every page works without it.
"use strict";
for (const field of document.querySelectorAll("[data-auto]")) {
  field.addEventListener("change", () => field.form.requestSubmit());
}
for (const page of document.querySelectorAll("[data-reload]")) {
  // Not while somebody types.
  const reload = () => document.activeElement?.closest("form") || location.reload();
  setInterval(reload, Number(page.dataset.reload) * 1000);
}
