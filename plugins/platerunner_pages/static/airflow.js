// Links to Airflow's own pages. Airflow shows this page in a frame that may not navigate what is around it, so the click
// is made in the outer document, which is of the same origin.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-airflow]");
  if (!link || window.parent === window || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const outer = window.parent.document;
  const twin = outer.createElement("a");
  twin.href = link.href;
  outer.body.append(twin);
  twin.click();
  twin.remove();
});
