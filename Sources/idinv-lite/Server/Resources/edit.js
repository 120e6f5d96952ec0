"use strict";
// Sliders, the picture that they make, and what follows from it.

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
  shownPhoto = "";
  $("photo").removeAttribute("src");
  $("photo-before").checked = false;
  $("keep-detail").checked = true;
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
      if (score !== null) explainEdit(Number(score));
    } while (isStale);
    show("notice", false);
    showConsequences();
  } catch (error) {
    tell(error);
  } finally {
    isRendering = false;
  }
}

// What follows from an edit, once the sliders rest: the photo, and what the model reads off the picture.
let restTimer = null, shownPhoto = "", foundAttributes = null;

function showConsequences() {
  show("photo-box", Boolean(job?.links.photo));
  show("attributes-box", model.attributes.length > 0);
  clearTimeout(restTimer);
  restTimer = setTimeout(action(async () => {
    if ($("attributes-box").open) await showAttributes();
    if (job?.links.photo) await showPhoto();
  }), 400);
}

const photoRequest = (options) => ({ ...request(), keep_detail: $("keep-detail").checked, ...options });

async function showPhoto() {
  const isBefore = $("photo-before").checked;
  const wanted = photoRequest({ format: "jpeg", quality: 85 });
  const key = isBefore ? job.links.photo : JSON.stringify(wanted);
  if (key === shownPhoto) return;
  shownPhoto = key;
  $("photo").classList.add("busy");
  $("photo-text").textContent = "The face is put into the photo …";
  try {
    const response = isBefore ? await call(job.links.photo) : await post("/v1/photos", wanted);
    const blob = await response.blob();
    if (key === shownPhoto) showPicture($("photo"), blob);
  } catch (error) {
    shownPhoto = "";
    throw error;
  } finally {
    $("photo").classList.remove("busy");
    $("photo-text").textContent = "";
  }
}

async function savePhoto() {
  const blob = await (await post("/v1/photos", photoRequest({}))).blob();
  save(blob, `${stem()}-edited.${blob.type === "image/png" ? "png" : "jpg"}`);
}

async function showAttributes() {
  const { attributes } = await (await post("/v1/attributes", request())).json();
  const before = foundAttributes?.source === JSON.stringify(source) ? foundAttributes.values : null;
  if (!before) foundAttributes = {
    source: JSON.stringify(source), values: (await (await post("/v1/attributes", { source })).json()).attributes,
  };
  $("attributes").replaceChildren(...model.attributes.map((name) => {
    const row = document.createElement("div"), term = document.createElement("dt"), value = document.createElement("dd");
    const change = attributes[name] - foundAttributes.values[name];
    term.textContent = name.replaceAll("_", " ");
    value.textContent = attributes[name].toFixed(2).replace(/^-(?=0\.00$)/, "").replace("-", "−")
      + (Math.abs(change) < 0.005 ? "" : ` (${change > 0 ? "+" : "−"}${Math.abs(change).toFixed(2)})`);
    row.append(term, value);
    return row;
  }));
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
  show("crop", false);
  show("place-again", false);
  show("work");
  show("progress", false);
  show("loss-figure", false);
  const picture = await rendered();
  for (const id of ["original", "before", "after"]) showPicture($(id), picture);
  $("result-caption").textContent = `Random face, seed ${seed}`;
  buildOthers();
  show("editor");
  show("outcome");
  showConsequences();
  $("work").scrollIntoView({ block: "start" });
}
