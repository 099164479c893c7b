// What is to be known of a run first, above its steps: gates that wait, the first failure with who acts, what it cost.
const POLL_MS = 15000;
const SHARE = 20; // an answer that takes long is asked for less often

const section = document.getElementById("story");
const { root, here } = section.dataset;

function link(text, href) {
  const made = document.createElement("a");
  made.textContent = text;
  made.href = href;
  return made;
}

// As `with_code` in rendering.py: words between backticks are code.
function withCode(text) {
  return text.split(/`([^`\n]+)`/).map((piece, at) =>
    (at % 2 ? Object.assign(document.createElement("code"), { textContent: piece }) : piece));
}

function show({ gates, failure, money }) {
  document.getElementById("asks").replaceChildren(...gates.map((gate) => {
    const item = document.createElement("li");
    item.className = "notice";
    item.append(...withCode(gate.sentence), ...(gate.link ? [" ", link("Look and decide", `${root}/${gate.link}`)] : []));
    return item;
  }));
  const line = document.getElementById("failure");
  line.hidden = !failure;
  if (failure) {
    const unit = new URLSearchParams({ unit: failure.unit });
    const place = link(`${failure.step}, ${failure.name}`, `${here}/tasks/${encodeURIComponent(failure.task_id)}/#${unit}`);
    const category = Object.assign(document.createElement("b"), { textContent: failure.category });
    line.replaceChildren("First failure: ", place, ", ", category, ". ", ...withCode(`${failure.sentence} ${failure.who}`));
  }
  document.getElementById("money").textContent = money.join(" ");
  section.hidden = gates.length === 0 && !failure && money.length === 0;
}

async function poll() {
  const began = performance.now();
  const visible = document.visibilityState !== "hidden";
  const answer = visible ? await fetch(`${here}/story.json`, { headers: { Accept: "application/json" } }).catch(() => null) : null;
  const story = answer && answer.ok ? await answer.json().catch(() => null) : null;
  if (story) show(story);
  if (!story || story.live) setTimeout(poll, Math.max(POLL_MS, (performance.now() - began) * SHARE));
}

// A link to a unit of the step that is shown changes nothing but what follows the `#`.
window.addEventListener("hashchange", () => window.location.reload());
poll();
