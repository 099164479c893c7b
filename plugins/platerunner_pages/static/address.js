// What was chosen, in the page's address: it survives a reload and can be sent to a colleague. Within Airflow's frame the
// outer address has it, too, with the step, since the frame's own is not seen.
const framed = window.parent !== window;
const outer = () => {
  try {
    return framed ? window.parent.location : null;
  } catch {
    return null; // another site's frame
  }
};

/** What the address says; the outer one's counts only where it is about the step that is shown. */
export function readAddress(step) {
  const own = new URLSearchParams(window.location.hash.slice(1));
  return own.size || whole().get("step") !== step ? own : whole();
}

function whole() {
  return new URLSearchParams(outer()?.hash.slice(1) ?? "");
}

/** Keep something in the address. @param {URLSearchParams} chosen. @param {string} step that the page shows. */
export function keepAddress(chosen, step) {
  window.history.replaceState(null, "", `#${chosen}`);
  if (!outer()) return;
  const said = new URLSearchParams([["step", step], ...chosen]);
  // In full: Airflow's page has a base of its own, to which a lone `#` would lead.
  const { pathname, search } = outer();
  window.parent.history.replaceState(window.parent.history.state, "", `${pathname}${search}#${said}`);
}

/** Where the outer address leads when Airflow has just opened the frame, as a path beside the step's; null if it is here. */
export function elsewhere(step) {
  const asked = whole().get("step");
  const entered = !new URL(document.referrer || window.location.href).pathname.includes("/platerunner/");
  return entered && asked && asked !== step ? `../${encodeURIComponent(asked)}/#${whole()}` : null;
}
