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

for (const each of form?.querySelectorAll("[data-choice]") ?? []) {
  each.addEventListener("click", () => send(each.dataset.choice));
}
form?.addEventListener("submit", (event) => event.preventDefault());
