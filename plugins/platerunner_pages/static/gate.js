// The answer to a gate: one request that only this page can make.
const form = document.getElementById("answer");
const said = document.getElementById("said");
const comment = document.getElementById("comment");

async function send(choice) {
  if (choice === "reject" && !comment.value.trim()) {
    said.textContent = "A rejection needs a comment: what is wrong, and where.";
    comment.focus();
    return;
  }
  const buttons = form.querySelectorAll("button");
  for (const each of buttons) each.disabled = true;
  const answer = await fetch("answer", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Platerunner-Token": form.dataset.token },
    body: JSON.stringify({ choice, comment: comment.value, fingerprint: form.dataset.fingerprint }),
  }).catch(() => null);
  const body = answer ? await answer.json().catch(() => ({})) : {};
  said.textContent = body.sentence ?? body.detail ?? "Airflow does not answer; try again.";
  if (answer && answer.ok) setTimeout(() => window.location.reload(), 8000);
  else for (const each of buttons) each.disabled = false;
}

// A and R ask, Enter confirms: a key that is hit by chance decides nothing.
let asked = null;

function ask(choice) {
  asked = choice;
  said.textContent = `${choice === "approve" ? "Approve" : "Reject"}? Enter confirms, Esc leaves it.`;
}

document.addEventListener("keydown", (event) => {
  if (!form || event.target.closest("input, textarea, button, a, summary, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key.toLowerCase();
  if (key === "a" || key === "r") ask(key === "a" ? "approve" : "reject");
  else if (asked && key === "enter") send(asked);
  else if (asked && key === "escape") said.textContent = "";
  else return;
  if (key === "enter" || key === "escape") asked = null;
  event.preventDefault();
});

function rowOf(well) {
  const row = document.createElement("tr");
  for (const text of [well.well, well.because, well.by, well.at]) row.insertCell().textContent = text;
  return row;
}

const bad = document.getElementById("marks");
bad?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const told = document.getElementById("marked");
  const { plate, wells, because } = Object.fromEntries(new FormData(bad));
  const names = wells.split(/[\s,;]+/).filter(Boolean);
  if (!names.length || !because.trim()) {
    told.textContent = "Name the wells, and say why.";
    return;
  }
  const answer = await fetch("marks", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Platerunner-Token": bad.dataset.token },
    body: JSON.stringify({ plate, wells: names, because, take_back: event.submitter?.value === "take-back" }),
  }).catch(() => null);
  const body = answer ? await answer.json().catch(() => ({})) : {};
  told.textContent = body.sentence ?? body.detail ?? "Airflow does not answer; try again.";
  if (!answer || !answer.ok) return;
  document.getElementById("bad-rows").replaceChildren(...body.wells.map(rowOf));
  document.getElementById("bad-wells").hidden = !body.wells.length;
});

for (const each of form?.querySelectorAll("[data-choice]") ?? []) {
  each.addEventListener("click", () => send(each.dataset.choice));
}
form?.addEventListener("submit", (event) => event.preventDefault());
