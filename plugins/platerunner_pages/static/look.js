// An image in full resolution: tiles that the server makes, in a viewer that moves and zooms. The place is in the address.
const place = document.getElementById("viewer");
const form = document.getElementById("planes");
const said = document.getElementById("look-said");
const { query } = place.dataset;
const [width, height, tileSize, maxLevel] = ["width", "height", "tile", "last"].map((name) => Number(place.dataset[name]));
const AXES = ["c", "z", "t"];
const PATIENCE_MS = 120000; // a tile waits for its turn, and for its decoder on a busy server
const CLOSEST = 8; // a pixel of the image is at most so many pixels of the screen

const asked = new URLSearchParams(window.location.hash.slice(1));
for (const name of [...AXES, "bright"]) if (form.elements[name] && asked.has(name)) form.elements[name].value = asked.get(name);

// OpenSeadragon adds a style for fingers, which the pages' policy forbids, unless one is there. One of MathML styles nothing.
const none = document.createElementNS("http://www.w3.org/1998/Math/MathML", "style");
none.setAttribute("data-openseadragon-mobile-css", "");
document.head.append(none);

const viewer = window.OpenSeadragon({
  element: place, drawer: "canvas", showNavigationControl: false, imageLoaderLimit: 2, maxZoomPixelRatio: CLOSEST,
  animationTime: 0.3, timeout: PATIENCE_MS, tileSources: source(), gestureSettingsMouse: { clickToZoom: false },
});

function chosen(name) {
  return form.elements[name]?.value ?? "0";
}

function source() {
  const planes = new URLSearchParams(AXES.map((name) => [name, chosen(name)]));
  return { width, height, tileSize, minLevel: 0, maxLevel, getTileUrl: (level, x, y) => `tile?${query}&level=${level}&x=${x}&y=${y}&${planes}` };
}

function keep() {
  const shown = new URLSearchParams();
  for (const name of [...AXES, "bright"]) if (chosen(name) !== "0") shown.set(name, chosen(name));
  const { x, y } = viewer.viewport.getCenter();
  const whole = viewer.viewport.getZoom() <= viewer.viewport.getHomeZoom() * 1.01;
  if (!whole) shown.set("at", [x, y, viewer.viewport.getZoom()].map((number) => number.toPrecision(5)).join());
  window.history.replaceState(null, "", `#${shown}`);
}

function brighten() {
  place.querySelector("canvas").style.filter = `brightness(${2 ** Number(chosen("bright"))})`;
}

function count() {
  for (const input of form.querySelectorAll("input[type=range]")) {
    const number = input.parentElement.querySelector("output");
    if (number) number.textContent = Number(input.value) + 1;
  }
}

viewer.addOnceHandler("open", () => {
  const at = (asked.get("at") ?? "").split(",").map(Number);
  if (at.length === 3 && at.every(Number.isFinite)) {
    viewer.viewport.zoomTo(at[2], null, true);
    viewer.viewport.panTo(new window.OpenSeadragon.Point(at[0], at[1]), true);
  }
  viewer.addHandler("animation-finish", keep);
  brighten();
  watch();
});

/** Say what is missing: a tile that cannot be made says why. */
function watch() {
  const item = viewer.world.getItemAt(0);
  const tell = () => (said.textContent = item.getFullyLoaded() ? "" : "Loading.");
  item.addHandler("fully-loaded-change", tell);
  tell();
}

viewer.addHandler("tile-load-failed", async ({ tile }) => {
  const answer = await fetch(tile.getUrl(), { headers: { Accept: "application/json" } }).catch(() => null);
  const body = answer ? await answer.json().catch(() => ({})) : {};
  said.textContent = body.detail ?? "Airflow does not answer; load the page again.";
});

form.addEventListener("input", (event) => {
  count();
  if (event.target.name === "bright") brighten();
});
form.addEventListener("change", (event) => {
  if (event.target.name !== "bright") {
    said.textContent = "Loading.";
    viewer.addTiledImage({ tileSource: source(), index: 0, replace: true, success: watch });
  }
  keep();
});
form.addEventListener("submit", (event) => event.preventDefault());
count();
