// Asking for units to be run again: a question first, then one request that only this page can make.
const bar = document.getElementById("again");
const root = document.getElementById("run");

/** Ask a person, then the server. @param {string[]} units ids. @param {number} left failed units that are not among them. */
export function offer(units, label, left = 0) {
  if (!bar || units.length === 0) return;
  const text = document.createElement("p");
  text.textContent = `Run ${label} again? The step is cleared, with what comes after it.`;
  if (left > 0) {
    text.textContent += left === 1
      ? " 1 unit that failed is left out: the step fails until it runs as well, or accept_failed names it."
      : ` ${left.toLocaleString("en")} units that failed are left out: the step fails until they run as well, or accept_failed names them.`;
  }
  bar.replaceChildren(text, button("Run again", "primary", () => send(units)), button("Cancel", "", clear));
  bar.hidden = false;
  bar.querySelector("button").focus();
}

function button(text, kind, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = kind;
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
}

function clear() {
  bar.replaceChildren();
  bar.hidden = true;
}

async function send(units) {
  for (const each of bar.querySelectorAll("button")) each.disabled = true;
  const answer = await fetch("rerun", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Platerunner-Token": root.dataset.token },
    body: JSON.stringify({ units }),
  }).catch(() => null);
  const body = answer ? await answer.json().catch(() => ({})) : {};
  const text = document.createElement("p");
  text.textContent = body.sentence ?? body.detail ?? "Airflow does not answer; try again.";
  bar.replaceChildren(text);
  if (answer && answer.ok) setTimeout(() => window.location.reload(), 2000);
  else bar.append(button("Close", "", clear));
}
