"use strict";
// The page of `idinv-lite serve`. It speaks to nothing but the server that it came from, by the API of /v1/openapi.json.

const $ = (id) => document.getElementById(id);
const show = (id, isShown = true) => { $(id).hidden = !isShown; };

let model = null;
// The open job, the edits on it, and what was before and after them.
let job = null;
let source = null;
let edit = emptyEdit();
let past = [], future = [];
let events = null;
const urls = new Map();

function emptyEdit() { return { moves: {}, other: "", walk: 0, mix: false }; }

// ---- Talking to the server

class Refusal extends Error {}

async function call(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Refusal("The server does not answer. Is it still running?");
  }
  if (response.ok) return response;
  let text = `The server answered ${response.status}.`;
  try { text = sentence((await response.json()).detail); } catch { /* no explanation came */ }
  throw new Refusal(text);
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
const json = async (path, options) => (await call(path, options)).json();
const post = (path, value) =>
  call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) });

function tell(error) {
  if (error instanceof DOMException && error.name === "AbortError") return;
  const isKnown = error instanceof Refusal;
  if (!isKnown) console.error(error);
  $("notice").textContent = isKnown ? error.message : "Something went wrong in this page: " + error.message;
  show("notice");
}

// Runs what a person asked for; what goes wrong is told in words.
const action = (body) => async (...values) => {
  show("notice", false);
  try { await body(...values); } catch (error) { tell(error); }
};

function showPicture(image, blob) {
  const old = urls.get(image.id);
  const url = URL.createObjectURL(blob);
  urls.set(image.id, url);
  image.src = url;
  if (old) URL.revokeObjectURL(old);
}

// ---- Choosing a picture

let photo = null;
let square = { x: 0, y: 0, side: 1 };

async function open(blob, name) {
  let bitmap;
  try {
    // The browser turns the picture as its camera says.
    bitmap = await createImageBitmap(blob, { imageOrientation: "from-image" });
  } catch {
    throw new Refusal(`This browser cannot show ${name}. Try a JPEG or PNG picture.`);
  }
  photo = { bitmap, name };
  const side = Math.min(bitmap.width, bitmap.height);
  square = { side, x: (bitmap.width - side) / 2, y: (bitmap.height - side) / 2 };
  $("crop-size").value = 100;
  show("crop");
  drawCrop();
  $("crop").scrollIntoView({ block: "nearest" });
  $("start").focus({ preventScroll: true });
}

function drawCrop() {
  const canvas = $("crop-canvas");
  const { bitmap } = photo;
  const scale = Math.min(640 / bitmap.width, 480 / bitmap.height);
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  context.fillStyle = "rgb(0 0 0 / 55%)";
  context.beginPath();
  context.rect(0, 0, canvas.width, canvas.height);
  context.rect(square.x * scale, square.y * scale, square.side * scale, square.side * scale);
  context.fill("evenodd");
  context.lineWidth = 2;
  context.strokeStyle = "white";
  context.strokeRect(square.x * scale + 1, square.y * scale + 1, square.side * scale - 2, square.side * scale - 2);
}

function moveSquare(x, y, side = square.side) {
  const { width, height } = photo.bitmap;
  const most = Math.min(width, height);
  side = Math.min(most, Math.max(Math.min(most, 16), side));
  square = {
    side, x: Math.min(width - side, Math.max(0, x)), y: Math.min(height - side, Math.max(0, y)),
  };
  $("crop-size").value = Math.round(100 * side / most);
  drawCrop();
}

function resizeSquare(side) {
  const before = { ...square };
  const most = Math.min(photo.bitmap.width, photo.bitmap.height);
  side = Math.min(most, Math.max(Math.min(most, 16), side));
  moveSquare(before.x + (before.side - side) / 2, before.y + (before.side - side) / 2, side);
}

function watchCrop() {
  const canvas = $("crop-canvas");
  let grip = null;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    const scale = photo.bitmap.width / box.width;
    return { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale };
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (!photo) return;
    canvas.setPointerCapture(event.pointerId);
    const at = place(event);
    grip = { x: at.x - square.x, y: at.y - square.y };
    // A press outside of the square brings it there.
    if (grip.x < 0 || grip.y < 0 || grip.x > square.side || grip.y > square.side) {
      grip = { x: square.side / 2, y: square.side / 2 };
      moveSquare(at.x - grip.x, at.y - grip.y);
    }
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!grip) return;
    const at = place(event);
    moveSquare(at.x - grip.x, at.y - grip.y);
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { grip = null; });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    resizeSquare(square.side * (event.deltaY > 0 ? 1.05 : 1 / 1.05));
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const step = square.side / 40;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (moves[event.key]) moveSquare(square.x + moves[event.key][0], square.y + moves[event.key][1]);
    else if (event.key === "+" || event.key === "=") resizeSquare(square.side * 1.05);
    else if (event.key === "-") resizeSquare(square.side / 1.05);
    else return;
    event.preventDefault();
  });
  $("crop-size").addEventListener("input", (event) => {
    resizeSquare(event.target.value / 100 * Math.min(photo.bitmap.width, photo.bitmap.height));
  });
}

// The square at the model's resolution or above, reduced by halves so that nothing is skipped.
async function cutOut() {
  let side = Math.round(square.side);
  let canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  canvas.getContext("2d").drawImage(photo.bitmap, square.x, square.y, square.side, square.side, 0, 0, side, side);
  while (side >= 4 * model.resolution) {
    side = Math.round(side / 2);
    const half = document.createElement("canvas");
    half.width = half.height = side;
    half.getContext("2d").drawImage(canvas, 0, 0, side, side);
    canvas = half;
  }
  return new Promise((resolve, reject) => canvas.toBlob(
    (blob) => blob ? resolve(blob) : reject(new Refusal("The picture could not be cut out.")), "image/png"));
}

async function start() {
  const form = new FormData();
  form.append("steps", String(Math.min(1000, Math.max(0, Number($("steps").value) || 0))));
  form.append("image", await cutOut(), photo.name);
  await follow(await json("/v1/jobs", { method: "POST", body: form }));
}

// ---- A job on its way

async function follow(started) {
  unfollow();
  job = started;
  source = { job: job.id };
  location.hash = job.id;
  resetEdit();
  losses = [];
  drawLoss();
  show("work");
  show("editor", false);
  show("loss-figure");
  $("original").src = job.links.input;
  $("before").src = job.links.input;
  $("after").removeAttribute("src");
  $("result-caption").textContent = "reconstruction";
  $("work").scrollIntoView({ block: "start" });
  if (job.state === "done") return finish(job);
  showProgress(job);
  show("progress");
  const stream = new EventSource(job.links.events);
  events = stream;
  stream.onmessage = action(async (message) => {
    job = JSON.parse(message.data);
    showProgress(job);
    if (job.state === "done" || job.state === "failed" || job.state === "cancelled") {
      unfollow();
      await finish(job);
    }
  });
  stream.addEventListener("gone", action(async () => {
    unfollow();
    show("progress", false);
    await listJobs();
    throw new Refusal("The server has ended, or the job was deleted. Reload this page to go on.");
  }));
  // A lost connection is built up again by the browser; what was missed comes with the next message.
  stream.onerror = () => { $("progress-text").textContent = "The server does not answer; trying again …"; };
  await listJobs();
}

function unfollow() {
  if (events) events.close();
  events = null;
}

let losses = [];
let shownPreview = null;

function showProgress(view) {
  const { progress } = view;
  if (view.state === "queued") {
    $("progress-text").textContent = view.position ? `waiting for ${view.position} other picture(s)` : "waiting";
    $("bar").removeAttribute("value");
    return;
  }
  if (!progress) return;
  losses.length = Math.min(losses.length, progress.first_step - 1);
  for (const values of progress.losses) losses.push(values[0]);
  drawLoss();
  $("bar").max = Math.max(1, progress.planned_steps);
  $("bar").value = progress.step;
  const each = progress.step ? progress.seconds / progress.step : 0;
  const left = Math.max(0, (progress.planned_steps - progress.step) * each);
  $("progress-text").textContent = `step ${progress.step} of ${progress.planned_steps}`
    + (left > 2 ? `, about ${Math.round(left)} s to go` : "");
  const key = `${view.id} ${progress.preview_step}`;
  if (progress.preview_step && key !== shownPreview && view.links.preview) {
    shownPreview = key;
    $("after").src = `${view.links.preview}?step=${progress.preview_step}`;
  }
}

async function finish(view) {
  show("progress", false);
  if (view.state === "failed") {
    await listJobs();
    throw new Refusal(`This picture could not be reconstructed: ${view.error}.`);
  }
  if (view.state === "cancelled") {
    show("work", false);
    await listJobs();
    return;
  }
  const { result } = view;
  $("after").src = view.links.result;
  const hasPSNR = typeof result.psnr_db === "number";
  $("loss-caption").textContent = losses.length
    ? `loss over ${losses.length} steps, ${result.seconds.toFixed(1)} s` : "loss";
  if (!losses.length) show("loss-figure", false);
  $("result-caption").textContent = hasPSNR ? `reconstruction, ${result.psnr_db.toFixed(1)} dB` : "picture of the code";
  explainDomain(result.in_domain);
  buildOthers();
  show("editor");
  await listJobs();
}

// The score in a sentence; the usual value is that of the model's own random pictures.
function explainDomain(score) {
  const usual = model.usual_in_domain;
  if (score === undefined || score === null || !usual) { $("domain").textContent = ""; return; }
  const ratio = score / usual;
  $("domain").textContent = "In-domain score "
    + (ratio < 3 ? "as usual: the model understands this face, so edits change what they say and little else."
      : ratio < 10 ? `${ratio.toFixed(0)} times the usual: the model knows faces like this less well; edits may change more than they say.`
        : `${ratio.toFixed(0)} times the usual: this picture is far from what the model was trained on. Expect edits to look wrong.`);
}

function drawLoss() {
  const finite = losses.filter((value) => Number.isFinite(value) && value > 0);
  const axis = $("loss-axis");
  axis.replaceChildren();
  if (finite.length < 1) { $("loss-line").setAttribute("points", ""); $("loss-text").textContent = "no steps yet"; return; }
  const low = Math.log10(Math.min(...finite)), high = Math.log10(Math.max(...finite));
  const span = Math.max(high - low, 0.05);
  const x = (index) => 40 + 206 * index / Math.max(1, losses.length - 1);
  const y = (value) => 226 - 206 * (Math.log10(value) - low) / span;
  $("loss-line").setAttribute("points", losses.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(" "));
  const make = (name, attributes, text) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    axis.append(element);
  };
  make("line", { x1: 40, y1: 226, x2: 246, y2: 226 });
  make("line", { x1: 40, y1: 20, x2: 40, y2: 226 });
  make("text", { x: 36, y: 24, "text-anchor": "end" }, (10 ** high).toPrecision(2));
  make("text", { x: 36, y: 226, "text-anchor": "end" }, (10 ** low).toPrecision(2));
  make("text", { x: 246, y: 242, "text-anchor": "end" }, `step ${losses.length}`);
  $("loss-text").textContent =
    `from ${finite[0].toPrecision(3)} to ${finite[finite.length - 1].toPrecision(3)} in ${losses.length} steps`;
}

// ---- Editing

function buildSliders() {
  $("sliders").replaceChildren(...model.boundaries.map((boundary) => {
    const row = document.createElement("div");
    row.className = "slider";
    const label = document.createElement("label");
    label.textContent = boundary.name.replaceAll("_", " ");
    label.htmlFor = `move-${boundary.name}`;
    const input = document.createElement("input");
    input.type = "range";
    input.id = label.htmlFor;
    input.min = -boundary.alpha_limit;
    input.max = boundary.alpha_limit;
    input.step = boundary.alpha_limit / 60;
    input.value = 0;
    const output = document.createElement("output");
    output.htmlFor = input.id;
    output.textContent = "0";
    input.addEventListener("input", () => {
      edit.moves[boundary.name] = Number(input.value);
      output.textContent = describe(boundary, Number(input.value));
      render();
    });
    input.addEventListener("change", remember);
    input.addEventListener("dblclick", () => { delete edit.moves[boundary.name]; remember(); showEdit(); render(); });
    row.append(label, input, output);
    return row;
  }));
}

function describe(boundary, alpha) {
  const value = boundary.standard_deviation ? alpha / boundary.standard_deviation : alpha;
  return (Math.abs(value) < 0.05 ? "0" : (value > 0 ? "+" : "−") + Math.abs(value).toFixed(1)) + (boundary.standard_deviation ? " σ" : "");
}

function showEdit() {
  for (const boundary of model.boundaries) {
    const input = $(`move-${boundary.name}`);
    input.value = edit.moves[boundary.name] ?? 0;
    input.nextElementSibling.textContent = describe(boundary, Number(input.value));
  }
  $("other").value = edit.other;
  $("walk").value = Math.round(100 * edit.walk);
  $("walk-text").textContent = `${Math.round(100 * edit.walk)} %`;
  $("mix").checked = edit.mix;
  $("undo").disabled = past.length < 2;
  $("redo").disabled = future.length === 0;
}

function resetEdit() {
  edit = emptyEdit();
  past = [JSON.stringify(edit)];
  future = [];
  $("wipe-position").value = 0;
  wipe();
  showEdit();
}

function remember() {
  const state = JSON.stringify(edit);
  if (state === past[past.length - 1]) return;
  past.push(state);
  future = [];
  showEdit();
}

function restore(state) {
  edit = JSON.parse(state);
  showEdit();
  render();
}

function request() {
  const wanted = { source };
  const other = edit.other.startsWith("seed ") ? { seed: Number(edit.other.slice(5)) } : { job: edit.other };
  if (edit.other && edit.walk) wanted.walk = { source: other, position: edit.walk };
  if (edit.other && edit.mix) wanted.mix = { source: other };
  const moves = Object.entries(edit.moves).filter(([, alpha]) => alpha).map(([boundary, alpha]) => ({ boundary, alpha }));
  if (moves.length) wanted.moves = moves;
  return wanted;
}

// One picture is asked for at a time; of the moves meanwhile only the last counts.
let isRendering = false, isStale = false;

async function render() {
  if (isRendering) { isStale = true; return; }
  isRendering = true;
  try {
    do {
      isStale = false;
      const response = await post("/v1/render", request());
      const score = response.headers.get("X-In-Domain-Score");
      showPicture($("after"), await response.blob());
      if (score !== null) explainDomain(Number(score));
    } while (isStale);
    show("notice", false);
  } catch (error) {
    tell(error);
  } finally {
    isRendering = false;
  }
}

function wipe() {
  const share = Number($("wipe-position").value);
  $("before").style.clipPath = `inset(0 ${100 - share}% 0 0)`;
  $("wipe-line").style.left = `${share}%`;
  $("wipe-line").style.visibility = share > 0 && share < 100 ? "visible" : "hidden";
}

async function randomFace() {
  const seed = Math.floor(Math.random() * 2 ** 31);
  unfollow();
  job = null;
  source = { seed };
  location.hash = "";
  resetEdit();
  show("work");
  show("progress", false);
  show("loss-figure", false);
  const picture = await rendered();
  for (const id of ["original", "before", "after"]) showPicture($(id), picture);
  $("result-caption").textContent = `random face, seed ${seed}`;
  buildOthers();
  show("editor");
  $("work").scrollIntoView({ block: "start" });
}

// ---- Other pictures

let jobs = [];

async function listJobs() {
  ({ jobs } = await json("/v1/jobs"));
  show("history-section", jobs.length > 0);
  $("history").replaceChildren(...jobs.map((entry) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "open";
    const image = document.createElement("img");
    image.alt = "";
    image.src = entry.links.result ?? entry.links.input;
    const name = document.createElement("span");
    name.className = "name";
    name.textContent = entry.state === "done" ? entry.name : `${entry.name} (${entry.state})`;
    button.append(image, name);
    button.addEventListener("click", action(async () => follow(await json(entry.links.self))));
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "delete";
    remove.textContent = "Delete";
    remove.setAttribute("aria-label", `Delete ${entry.name}`);
    remove.addEventListener("click", action(async () => {
      await call(entry.links.self, { method: "DELETE" });
      if (job?.id === entry.id) { unfollow(); job = null; location.hash = ""; show("work", false); }
      await listJobs();
      buildOthers();
    }));
    item.append(button, remove);
    return item;
  }));
}

function buildOthers() {
  const others = jobs.filter((entry) => entry.state === "done" && entry.id !== source?.job);
  const options = [["", "none"], ...others.map((entry) => [entry.id, entry.name]),
    ...[1, 2, 3].map((seed) => [`seed ${seed}`, `random face ${seed}`])];
  $("other").replaceChildren(...options.map(([value, text]) => new Option(text, value)));
  $("other").value = options.some(([value]) => value === edit.other) ? edit.other : "";
}

// ---- Saving

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

const stem = () => (job ? job.name.replace(/\.[^.]*$/, "") : `seed${source.seed}`) || "picture";
const rendered = async (query = "") => (await post(`/v1/render${query}`, request())).blob();
const film = async () => (await post("/v1/animations", { ...request(), frames: 40 })).blob();

async function saveAll() {
  const files = [["edited.png", await rendered()], ["code.npy", await rendered("?format=npy")],
    ["animation.png", await film()]];
  if (job) {
    files.push(["original.png", await (await call(job.links.input)).blob()]);
    files.push(["reconstruction.png", await (await call(job.links.result)).blob()]);
  }
  files.push(["edit.json", new Blob([JSON.stringify(request(), null, 2)])]);
  save(await zip(files), `${stem()}.zip`);
}

// A zip archive of stored (not compressed) files: PNG files would not become smaller.
async function zip(files) {
  const table = Array.from({ length: 256 }, (_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
    return value >>> 0;
  });
  const checksum = (bytes) => {
    let value = 0xffffffff;
    for (const byte of bytes) value = table[(value ^ byte) & 255] ^ (value >>> 8);
    return (value ^ 0xffffffff) >>> 0;
  };
  const pack = (fields) => {
    const bytes = new Uint8Array(fields.reduce((sum, [size]) => sum + size, 0));
    const view = new DataView(bytes.buffer);
    let at = 0;
    for (const [size, value] of fields) {
      if (size === 2) view.setUint16(at, value, true); else view.setUint32(at, value, true);
      at += size;
    }
    return bytes;
  };
  const parts = [], directory = [];
  let offset = 0;
  for (const [name, blob] of files) {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    const text = new TextEncoder().encode(name);
    // Version, flags (names in UTF-8), method (stored), time and date (1980-01-01), checksum, sizes, length of name, extra.
    const facts = [[2, 20], [2, 0x800], [2, 0], [2, 0], [2, 0x21], [4, checksum(bytes)], [4, bytes.length],
      [4, bytes.length], [2, text.length], [2, 0]];
    const head = pack([[4, 0x04034b50], ...facts]);
    directory.push(pack([[4, 0x02014b50], [2, 20], ...facts, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]]), text);
    parts.push(head, text, bytes);
    offset += head.length + text.length + bytes.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = pack([[4, 0x06054b50], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, size], [4, offset], [2, 0]]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}

// ---- The page

function watch() {
  for (const id of ["file", "camera"]) {
    $(id).addEventListener("change", action(async (event) => {
      const [file] = event.target.files;
      event.target.value = "";
      if (file) await open(file, file.name);
    }));
  }
  const drop = $("drop");
  for (const name of ["dragover", "dragenter"]) {
    document.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  document.addEventListener("dragleave", () => drop.classList.remove("over"));
  document.addEventListener("drop", action(async (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    const [file] = event.dataTransfer.files;
    if (file) await open(file, file.name);
  }));
  document.addEventListener("paste", action(async (event) => {
    const file = [...event.clipboardData.files].find((entry) => entry.type.startsWith("image/"));
    if (file) await open(file, "pasted picture");
  }));
  watchCrop();
  const click = (id, body) => $(id).addEventListener("click", action(body));
  click("start", start);
  click("random", randomFace);
  click("stop", () => post(`${job.links.self}/stop`, {}));
  click("cancel", () => post(`${job.links.self}/cancel`, {}));
  click("undo", () => { future.push(past.pop()); restore(past[past.length - 1]); });
  click("redo", () => { past.push(future.pop()); restore(past[past.length - 1]); });
  click("reset", () => { edit = emptyEdit(); remember(); showEdit(); return render(); });
  click("save-picture", async () => save(await rendered(), `${stem()}-edited.png`));
  click("save-code", async () => save(await rendered("?format=npy"), `${stem()}-code.npy`));
  click("save-film", async () => save(await film(), `${stem()}-animation.png`));
  click("save-all", saveAll);
  $("wipe-position").addEventListener("input", wipe);
  $("other").addEventListener("change", (event) => { edit.other = event.target.value; remember(); render(); });
  $("walk").addEventListener("input", (event) => {
    edit.walk = event.target.value / 100;
    $("walk-text").textContent = `${event.target.value} %`;
    render();
  });
  $("walk").addEventListener("change", remember);
  $("mix").addEventListener("change", (event) => { edit.mix = event.target.checked; remember(); render(); });
}

action(async () => {
  watch();
  model = await json("/v1/model");
  $("model-line").textContent = `Edit a face by moving its code in a GAN. Model: ${model.name}, ${model.resolution} pixels.`;
  $("model-hint").textContent = "The face should look at the camera and fill the square, as in the model's training pictures.";
  if (!model.has_encoder) $("model-hint").textContent += " This model has no encoder: reconstructions take more steps.";
  buildSliders();
  await listJobs();
  // After a reload the job that was open is open again.
  const entry = jobs.find(({ id }) => id === location.hash.slice(1));
  if (entry) await follow(await json(entry.links.self));
})();
