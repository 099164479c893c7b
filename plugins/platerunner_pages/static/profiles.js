// The median of each row and column: a clogged pipette, or an edge that dries out, shows there before it does in the wells.
import { color } from "./draw.js";

const BESIDE = 44; // pixels of the bars beside a plate
const TOO_NARROW = 300; // a plate in less room has none
const BAR = 9; // pixels from one bar to the next, over all plates

/** Where a number lies on the scale, 0 to 1. */
export function bounded(value, spread) {
  const width = spread.high - spread.low;
  return Math.max(0, Math.min(1, width ? (value - spread.low) / width : 0.5));
}

/** Pixels that bars take beside a plate. @param {number} width of the room. */
export function roomBeside(width) {
  return width < TOO_NARROW ? 0 : BESIDE;
}

/** Rows to the right of a plate, columns below it. @param {MapDrawing} plate. */
export function drawBeside(context, plate, spread) {
  const [right, bottom] = [plate.left + plate.columns * plate.cell + 5, plate.top + plate.rows * plate.cell + 5];
  const [thick, gap] = [Math.max(1, plate.cell - 2), plate.cell > 4 ? 1 : 0];
  context.fillStyle = color("--soft");
  for (const [row, value] of Object.entries(plate.map.profiles.rows))
    context.fillRect(right, plate.top + row * plate.cell + gap, long(value, spread), thick);
  for (const [column, value] of Object.entries(plate.map.profiles.columns))
    context.fillRect(plate.left + column * plate.cell + gap, bottom, thick, long(value, spread));
}

/** The same over all plates, where there are several. @param {HTMLElement} place with a canvas for each. */
export function drawAcross(place, { maps, profiles, spread }) {
  place.hidden = maps.length < 2;
  if (place.hidden) return;
  for (const canvas of place.querySelectorAll("canvas")) drawBars(canvas, profiles[canvas.dataset.of], spread);
}

function drawBars(canvas, medians, spread) {
  const context = canvas.getContext("2d");
  const sharp = window.devicePixelRatio || 1;
  const width = (Math.max(...Object.keys(medians).map(Number)) + 1) * BAR;
  [canvas.width, canvas.height] = [width * sharp, BESIDE * sharp];
  [canvas.style.width, canvas.style.height] = [`${width}px`, `${BESIDE}px`];
  context.setTransform(sharp, 0, 0, sharp, 0, 0);
  context.fillStyle = color("--soft");
  for (const [at, value] of Object.entries(medians))
    context.fillRect(at * BAR, BESIDE - long(value, spread), BAR - 1, long(value, spread));
}

/** What is read aloud of a well's row and column; nothing where they are no more than the well. */
export function toldBeside(plate, well, shown) {
  if (!plate || plate.units.size < 2) return "";
  const [column, row] = plate.units.get(well);
  const { rows, columns } = plate.map.profiles;
  return `; the median of its row is ${shown(rows[row])}, of its column ${shown(columns[column])}`;
}

function long(value, spread) {
  return Math.max(2, bounded(value, spread) * (BESIDE - 6));
}
