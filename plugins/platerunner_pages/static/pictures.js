// The channels of a field together: each in a colour, between the darkest and the brightest that somebody chooses.
const COLOURS = [[0, 114, 255], [0, 220, 90], [255, 60, 60], [255, 200, 0], [220, 90, 255], [0, 220, 220], [200, 200, 200]];
const SIDE = 640;

const place = document.getElementById("together");
let turn = 0;

for (const figure of document.querySelectorAll("#fields figure")) {
  figure.querySelector("button").addEventListener("click", () => open(figure));
}
document.addEventListener("error", (event) => event.target.matches?.("#fields img") && event.target.replaceWith(told(event.target)), true);

/** What stands where an image cannot be shown. */
function told(image) {
  return Object.assign(document.createElement("span"), { className: "hint", textContent: `${image.alt}: cannot be shown. ` });
}

async function open(figure) {
  const mine = ++turn;
  place.hidden = false;
  const title = place.querySelector("h2");
  title.textContent = `${figure.dataset.name}: loading`;
  const images = [...figure.querySelectorAll("img")];
  const channels = (await Promise.all(images.map(load))).filter(Boolean);
  if (mine !== turn) return; // somebody has chosen another field since
  title.textContent = channels.length ? figure.dataset.name : `${figure.dataset.name}: none of its images can be shown`;
  place.querySelector(".sliders").replaceChildren(...channels.map((channel) => slider(channel, () => draw(channels))));
  draw(channels);
  if (images[0]) offerLayers(images[0].dataset.query, channels, mine);
  place.focus();
  place.scrollIntoView({ block: "nearest" });
}

/** Offer images of the same field from other outputs and inputs, such as outlines; one is loaded when it is wanted. */
async function offerLayers(query, channels, mine) {
  const answer = await fetch(`layers?${query}`, { headers: { Accept: "application/json" } }).catch(() => null);
  const layers = answer && answer.ok ? await answer.json().catch(() => []) : [];
  if (mine !== turn || !layers.length) return;
  const choice = document.createElement("select");
  choice.append(new Option("choose an image", ""), ...layers.map((layer, at) => new Option(layer.name, at)));
  const label = document.createElement("label");
  label.append("Lay over ", choice);
  choice.addEventListener("change", async () => {
    const layer = layers[choice.value];
    choice.selectedOptions[0].disabled = true;
    choice.value = "";
    const layerQuery = String(new URLSearchParams({ output: layer.source, key: layer.key }));
    const image = Object.assign(new Image(), { src: `thumbnail?${layerQuery}` });
    Object.assign(image.dataset, { channel: layer.name, query: layerQuery });
    const loaded = await load(image, channels.length, { length: channels.length + 1 });
    if (mine !== turn) return;
    if (!loaded || (channels[0] && loaded.width !== channels[0].width)) {
      label.append(Object.assign(document.createElement("span"), { className: "hint", textContent: ` ${layer.name} cannot be laid over.` }));
      return;
    }
    channels.push(loaded);
    label.before(slider(loaded, () => draw(channels)));
    draw(channels);
  });
  place.querySelector(".sliders").append(label);
}

/** Brightness of each pixel of a channel; undefined if it cannot be shown. */
async function load(image, at, all) {
  const large = new Image();
  large.src = `${image.src}&side=${SIDE}`;
  const loaded = await large.decode().then(() => true, () => false);
  if (!loaded) return undefined;
  const canvas = new OffscreenCanvas(large.naturalWidth, large.naturalHeight);
  const context = canvas.getContext("2d");
  context.drawImage(large, 0, 0);
  const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
  const alone = all.length === 1;
  return { name: image.dataset.channel || "image", query: image.dataset.query, data, width, height, low: 0, high: 255, colour: alone ? [255, 255, 255] : COLOURS[at % COLOURS.length], shown: true };
}

function slider(channel, changed) {
  const group = document.createElement("fieldset");
  const legend = document.createElement("legend");
  const shown = Object.assign(document.createElement("input"), { type: "checkbox", checked: true });
  shown.addEventListener("change", () => {
    channel.shown = shown.checked;
    changed();
  });
  const label = document.createElement("label");
  label.append(shown, ` ${channel.name}`);
  const closely = Object.assign(document.createElement("a"), { href: `look?${channel.query}`, textContent: "look closely" });
  closely.setAttribute("aria-label", `Look closely at ${channel.name}`);
  legend.append(label, closely);
  group.append(legend);
  for (const end of ["low", "high"]) {
    const range = Object.assign(document.createElement("input"), { type: "range", min: 0, max: 255, value: channel[end] });
    const word = end === "low" ? "darkest" : "brightest";
    range.setAttribute("aria-label", `${channel.name}: ${word}`);
    range.addEventListener("input", () => {
      channel[end] = Number(range.value);
      changed();
    });
    const named = document.createElement("label");
    named.append(Object.assign(document.createElement("span"), { className: "hint", textContent: word }), range);
    group.append(named);
  }
  return group;
}

function draw(channels) {
  const shown = channels.filter((channel) => channel.shown);
  const [first] = channels;
  const canvas = place.querySelector("canvas");
  canvas.hidden = !first;
  if (!first) return;
  [canvas.width, canvas.height] = [first.width, first.height];
  canvas.setAttribute("aria-label", `${place.querySelector("h2").textContent}: ${shown.map((channel) => channel.name).join(", ")}`);
  const mixed = new ImageData(first.width, first.height);
  for (let at = 0; at < mixed.data.length; at += 4) mixed.data[at + 3] = 255;
  for (const { data, low, high, colour, width, height } of shown) {
    if (width !== first.width || height !== first.height) continue; // an image of another size lies nowhere on this one
    const scale = 1 / Math.max(1, high - low);
    for (let at = 0; at < data.length; at += 4)
      for (let part = 0; part < 3; part += 1) {
        const bright = Math.max(0, Math.min(1, (data[at + part] - low) * scale));
        mixed.data[at + part] += bright * colour[part]; // bytes that are too bright stay at 255
      }
  }
  canvas.getContext("2d").putImageData(mixed, 0, 0);
}
