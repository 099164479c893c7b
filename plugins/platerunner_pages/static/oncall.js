// What is red, refreshed every minute, with one button that runs what failed again: it asks once more, clears, then watches.
const POLL_MS = 60000;

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-again]");
  if (button) again(button);
});

async function again(button) {
  const said = button.nextElementSibling;
  if (!button.dataset.sure) {
    button.dataset.sure = "yes";
    button.textContent = "Yes, run it again";
    said.textContent = " The step is cleared, with what comes after it.";
    return;
  }
  button.disabled = true;
  const answer = await fetch(`${button.dataset.again}rerun`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Platerunner-Token": button.dataset.token },
    body: JSON.stringify({ failed: true }),
  }).catch(() => null);
  const body = answer ? await answer.json().catch(() => ({})) : {};
  said.textContent = ` ${body.sentence ?? body.detail ?? "Airflow does not answer; try again."}`;
  if (answer && answer.ok) window.location.assign(`${button.dataset.again}#follow=on`);
  else button.disabled = false;
}

/** Replace the list by a fresh one, unless somebody is about to press its button once more. */
async function refresh() {
  if (document.visibilityState === "hidden" || document.querySelector("[data-sure]")) return;
  const answer = await fetch(window.location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  const text = answer && answer.ok ? await answer.text().catch(() => "") : "";
  const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("main");
  const asOf = document.getElementById("as-of");
  if (!fresh) asOf.textContent = asOf.textContent.replace(/;.*/, "; Airflow does not answer now, this page tries again.");
  else if (!document.querySelector("[data-sure]")) replace(fresh);
}

/** Show a fresh list; what had the focus has it again, if it is still there. */
function replace(fresh) {
  const main = document.querySelector("main");
  const name = (each) => each.dataset.again ?? each.href;
  const focused = main.contains(document.activeElement) ? name(document.activeElement) : null;
  main.replaceWith(fresh);
  if (focused) [...fresh.querySelectorAll("a, button")].find((each) => name(each) === focused)?.focus();
}

setInterval(refresh, POLL_MS);
