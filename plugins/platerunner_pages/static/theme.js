// Light or dark, as Airflow shows itself around this page; else as the system prefers. Runs before anything is drawn.
(() => {
  const outer = () => {
    try {
      return window.parent === window ? null : window.parent.document.documentElement;
    } catch {
      return null; // another site's frame
    }
  };
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const airflow = outer();
    const stored = window.localStorage.getItem("theme");
    let dark = system.matches;
    if (airflow) dark = airflow.classList.contains("dark");
    else if (stored === "dark" || stored === "light") dark = stored === "dark";
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    document.dispatchEvent(new CustomEvent("platerunner:theme"));
  };
  apply();
  system.addEventListener("change", apply);
  const airflow = outer();
  if (airflow) new MutationObserver(apply).observe(airflow, { attributes: true, attributeFilter: ["class"] });
})();
