// Many plates on one screen: small ones beside each other, those with most failures first, filtered by name.
const MANY = 4; // from here on, plates are small unless somebody wants them large
const find = (id) => document.getElementById(id);

const ORDERS = {
  name: () => 0,
  failures: (one, other) => other.failed / other.count - one.failed / one.count,
  number: (one, other) => (other.number ?? -Infinity) - (one.number ?? -Infinity) || 0,
};

export class Wall {
  /** @param {() => void} changed is told when something else is chosen. */
  constructor(changed) {
    this.rooms = new Map(); // element that holds plates -> the plates in it, in natural order
    this.changed = changed;
    this.fields = { filter: find("plate-filter"), sort: find("plate-sort"), small: find("plate-small") };
    this.fields.filter.addEventListener("input", () => this.choose());
    this.decided = false; // whether somebody, or so many plates, said how they are shown
    this.fields.sort.addEventListener("change", () => this.choose());
    this.fields.small.addEventListener("click", () => {
      this.press(this.fields.small.getAttribute("aria-pressed") !== "true");
      this.choose();
    });
  }

  /** Take plates. @param {HTMLElement} room. @param {{name, figure, count, failed, number, fit}[]} plates. */
  set(room, plates) {
    this.rooms.set(room, plates);
    if (!this.decided && plates.length > MANY) {
      this.decided = true;
      this.press(true);
      this.fields.sort.value = "failures";
    }
    find("wall").hidden = Math.max(...[...this.rooms.values()].map((each) => each.length)) < 2;
    this.arrange();
  }

  /** Choose what the address says. */
  recall(asked) {
    if (asked.has("plates")) this.fields.filter.value = asked.get("plates");
    if (asked.get("sort") in ORDERS) this.fields.sort.value = asked.get("sort");
    if (asked.has("small")) this.press(asked.get("small") === "on");
    this.decided ||= asked.has("small");
    this.arrange();
  }

  /** What is chosen, for the page's address. */
  get address() {
    if (find("wall").hidden) return [];
    const { filter, sort, small } = this.fields;
    const chosen = [["sort", sort.value], ["small", small.getAttribute("aria-pressed") === "true" ? "on" : "off"]];
    return filter.value ? [["plates", filter.value], ...chosen] : chosen;
  }

  press(small) {
    this.fields.small.setAttribute("aria-pressed", String(small));
  }

  choose() {
    this.decided = true;
    this.arrange();
    this.changed();
  }

  /** Show the plates that are wanted, in the order that is wanted. */
  arrange() {
    const wanted = this.fields.filter.value.trim().toLowerCase();
    const small = this.fields.small.getAttribute("aria-pressed") === "true";
    for (const [room, plates] of this.rooms) {
      room.classList.toggle("small", small && plates.length > 1);
      const shown = plates.filter((plate) => plate.name.toLowerCase().includes(wanted)).sort(ORDERS[this.fields.sort.value]);
      room.replaceChildren(...shown.map((plate) => plate.figure));
      for (const plate of shown) plate.fit();
      find("plate-count").textContent = `${shown.length} of ${plates.length} plates`;
    }
  }
}
