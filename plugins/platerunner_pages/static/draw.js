// Drawing units onto a canvas: ten thousand elements of a page would take seconds, one canvas takes milliseconds.
const LEFT = 30;
const TOP = 20;
const BIGGEST = 44;

const ROOM_FOR_NAMES = 320;

/** What a person calls a unit or a branch: `P1, A01, site 3`. */
export function label(unit) {
  return unit === "all" ? "the only unit" : unit.split("/").map((part) => {
    const [name, value] = part.split(/=(.*)/s);
    return name === "plate" || name === "well" ? decodeURIComponent(value) : `${name} ${decodeURIComponent(value)}`;
  }).join(", ");
}

export const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** How each look is drawn: its colour, its letters. @param {HTMLElement[]} buttons of the legend. */
export function readLooks(buttons) {
  return buttons.map((button) => ({
    word: button.dataset.word,
    letters: button.dataset.letters,
    fill: color(`--c-${button.dataset.word}`),
    ink: ink(color(`--c-${button.dataset.word}`)),
  }));
}

/** Black or white, whichever is easier to read on a colour `#rrggbb`. */
export function ink(fill) {
  const [red, green, blue] = [1, 3, 5].map((at) => (parseInt(fill.slice(at, at + 2), 16) / 255) ** 2.2);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.3 ? "#000000" : "#ffffff";
}

/** One cell: colour first, then what tells it from others without colour. */
export function drawCell(context, look, x, y, size) {
  const gap = size > 6 ? 1 : 0;
  const side = size - 2 * gap;
  context.fillStyle = look.fill;
  context.fillRect(x + gap, y + gap, side, side);
  if (size < 6) return;
  context.save();
  context.beginPath();
  context.rect(x + gap, y + gap, side, side);
  context.clip();
  mark(context, look, x + gap, y + gap, side);
  context.restore();
}

function mark(context, look, x, y, side) {
  const middle = [x + side / 2, y + side / 2];
  if (look.letters) {
    context.fillStyle = look.ink;
    if (side >= 12) {
      context.font = `700 ${Math.min(16, Math.floor(side * 0.62))}px system-ui, sans-serif`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillText(look.letters, middle[0], middle[1] + 1);
    } else {
      stroke(context, look.ink, [[x, y + side, x + side, y]]);
    }
  } else if (look.word === "submitted") {
    context.fillStyle = color("--bg");
    context.beginPath();
    context.arc(...middle, side / 5, 0, 7);
    context.fill();
  } else if (look.word === "waiting" || look.word === "pending") {
    context.fillStyle = color("--bg");
    const inner = look.word === "waiting" ? 0.62 : 0.3;
    context.fillRect(x + (side * (1 - inner)) / 2, y + (side * (1 - inner)) / 2, side * inner, side * inner);
  } else if (look.word === "excluded") {
    stroke(context, color("--soft"), [[x, y, x + side, y + side], [x, y + side, x + side, y]]);
  }
}

function stroke(context, style, lines) {
  context.strokeStyle = style;
  context.lineWidth = 1.2;
  context.beginPath();
  for (const [x1, y1, x2, y2] of lines) {
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
  }
  context.stroke();
}

/** A plate, a grid of sites or a list, on a canvas of its own. */
export class MapDrawing {
  constructor(canvas, map) {
    this.canvas = canvas;
    this.map = map;
    this.named = map.kind === "wells";
    this.listed = map.kind === "list" && map.columns === 1; // few enough for a name beside each
    this.split = map.split;
    this.beyond = 0; // pixels below and to the right of the wells
    this.places = new Map(); // place -> unit
    this.units = new Map(); // unit -> [x, y] in cells
    for (const [unit, row, column, index] of map.cells) {
      const place = [column * this.split + (index % this.split), row * this.split + Math.floor(index / this.split)];
      this.units.set(unit, place);
      this.places.set(place.join(), unit);
    }
  }

  get columns() {
    return this.map.columns * this.split;
  }

  get rows() {
    return this.map.rows * this.split;
  }

  /** Fit the canvas into its room. */
  resize() {
    const [left, top] = this.named ? [LEFT, TOP] : [0, 0];
    const room = this.canvas.parentElement.clientWidth - left - this.beyond;
    const well = Math.max(this.split * 2, Math.min(BIGGEST * Math.min(this.split, 3), Math.floor(room / this.map.columns)));
    this.cell = well / this.split;
    const names = this.listed ? Math.min(ROOM_FOR_NAMES, room - well) : 0;
    const [width, height] = [left + this.map.columns * well + names + this.beyond + 1, top + this.map.rows * well + this.beyond + 1];
    const sharp = window.devicePixelRatio || 1;
    this.canvas.width = Math.ceil(width * sharp);
    this.canvas.height = Math.ceil(height * sharp);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.scale = sharp;
    this.left = left;
    this.top = top;
  }

  draw(state) {
    const context = this.canvas.getContext("2d");
    context.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (this.named) this.drawNames(context);
    for (const [unit, [x, y]] of this.units) {
      const look = state.looks[unit];
      context.globalAlpha = state.only.size && !state.only.has(look) ? 0.12 : 1;
      drawCell(context, state.kinds[look], this.left + x * this.cell, this.top + y * this.cell, this.cell);
    }
    context.globalAlpha = 1;
    if (this.listed) this.drawLabels(context, state.units);
    for (const unit of state.marked) this.outline(context, unit, color("--text"), 2.5);
    if (state.cursor !== null) this.outline(context, state.cursor, color("--focus"), 3);
  }

  drawNames(context) {
    const well = this.cell * this.split;
    context.fillStyle = color("--empty");
    context.fillRect(this.left, this.top, this.map.columns * well, this.map.rows * well);
    context.fillStyle = color("--soft");
    context.font = `${Math.max(8, Math.min(12, well * 0.7))}px system-ui, sans-serif`;
    context.textBaseline = "middle";
    context.textAlign = "center";
    const every = Math.ceil(16 / well);
    for (let column = 0; column < this.map.columns; column += every)
      context.fillText(column + 1, this.left + (column + 0.5) * well, this.top / 2);
    for (let row = 0; row < this.map.rows; row += Math.ceil(10 / well))
      context.fillText(rowName(row), this.left / 2, this.top + (row + 0.5) * well);
  }

  drawLabels(context, units) {
    context.fillStyle = color("--text");
    context.font = "13px system-ui, sans-serif";
    context.textBaseline = "middle";
    context.textAlign = "left";
    const room = this.canvas.width / this.scale - this.cell - 12;
    for (const [unit, [, y]] of this.units)
      context.fillText(fitted(context, label(units[unit]), room), this.cell + 10, (y + 0.5) * this.cell);
  }

  outline(context, unit, style, width) {
    const place = this.units.get(unit);
    if (!place) return;
    context.strokeStyle = style;
    context.lineWidth = width;
    context.strokeRect(this.left + place[0] * this.cell, this.top + place[1] * this.cell, this.cell, this.cell);
  }

  /** The unit under a mouse event; undefined if there is none. */
  at(event) {
    const x = this.listed ? 0 : Math.floor((event.offsetX - this.left) / this.cell);
    const y = Math.floor((event.offsetY - this.top) / this.cell);
    return this.places.get(`${x},${y}`);
  }

  /** The next unit in a direction; the same if there is none. */
  beside(unit, [dx, dy]) {
    let [x, y] = this.units.get(unit);
    for (;;) {
      x += dx;
      y += dy;
      if (x < 0 || y < 0 || x >= this.columns || y >= this.rows) return unit;
      const found = this.places.get(`${x},${y}`);
      if (found !== undefined) return found;
    }
  }
}

/** A text that is no wider than its room; what is left out is in the panel and in the list. */
function fitted(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  let length = text.length;
  while (length > 1 && context.measureText(`${text.slice(0, length)}…`).width > room) length -= 1;
  return `${text.slice(0, length)}…`;
}

function rowName(row) {
  return row < 26 ? String.fromCharCode(65 + row) : rowName(Math.floor(row / 26) - 1) + rowName(row % 26);
}
