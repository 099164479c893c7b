// Parts of the page that take longer than a moment: loaded when somebody asks for them, also by what was loaded so.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-load]");
  if (!button) return;
  const target = document.getElementById(button.dataset.into);
  button.disabled = true;
  target.textContent = "Working on it.";
  if (!target.contains(button)) target.scrollIntoView({ block: "nearest" });
  const answer = await fetch(button.dataset.load, { headers: { Accept: "application/json" } }).catch(() => null);
  if (answer && answer.ok) {
    const part = new DOMParser().parseFromString(await answer.text(), "text/html");
    target.replaceChildren(...part.body.childNodes);
  } else {
    const body = answer ? await answer.json().catch(() => ({})) : {};
    target.textContent = body.detail ?? "Airflow does not answer; try again.";
  }
  button.disabled = false;
});
