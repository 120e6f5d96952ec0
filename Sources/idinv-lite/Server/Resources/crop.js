"use strict";
// Choosing a photo, and the square around a face.

// The open photo; `isKept` says that the server can read it, so that the edited face can be put back.
let photo = null;
// The square around the face: its middle, half its side, and its turn in radians, in pixels of the photo.
let square = { x: 0, y: 0, half: 1, turn: 0 };

async function open(blob, name) {
  let bitmap;
  try {
    // The browser turns the picture as its camera says.
    bitmap = await createImageBitmap(blob, { imageOrientation: "from-image" });
  } catch {
    throw new Refusal(`This browser cannot show ${name}. Try a JPEG or PNG picture.`);
  }
  const opened = { bitmap, blob, name, isKept: false, faces: [] };
  photo = opened;
  const half = Math.min(bitmap.width, bitmap.height) / 2;
  square = { x: bitmap.width / 2 - 0.5, y: bitmap.height / 2 - 0.5, half, turn: 0 };
  showFaces("");
  show("crop");
  placeSquare({});
  $("crop").scrollIntoView({ block: "nearest" });
  $("start").focus({ preventScroll: true });
  await lookForFaces(opened);
}

async function lookForFaces(opened) {
  if (model.has_detector) showFaces("Looking for faces …");
  const form = new FormData();
  form.append("image", opened.blob, opened.name);
  let found;
  try {
    found = await json("/v1/faces", { method: "POST", body: form });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (photo === opened) {
      showFaces(`The face can be edited, but not be put back into this photo: ${error.message}`);
    }
    return;
  }
  if (photo !== opened) return;
  // Where browser and server turn a photo differently, the server's squares mean nothing here.
  if (found.width !== opened.bitmap.width || found.height !== opened.bitmap.height) { showFaces(""); return; }
  opened.isKept = true;
  opened.faces = found.faces;
  if (!found.is_searched) { showFaces(""); return; }
  const count = found.faces.length;
  showFaces(count === 0 ? "No face was found: place the square by hand."
    : count === 1 ? "A face was found. Correct the square if it is wrong."
      : `${count} faces were found. Choose one, or place the square by hand.`);
  if (count) chooseFace(0);
}

function showFaces(text) {
  $("faces-text").textContent = text;
  const faces = photo.faces.length > 1 ? photo.faces : [];
  $("faces").replaceChildren(...faces.map((face, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", `Face ${index + 1}`);
    button.setAttribute("aria-pressed", "false");
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 56;
    const [left, top, width, height] = face.box;
    canvas.getContext("2d").drawImage(photo.bitmap, left, top, width, height, 0, 0, 56, 56);
    button.append(canvas);
    button.addEventListener("click", () => chooseFace(index));
    return button;
  }));
}

function chooseFace(index) {
  const { center, axis } = photo.faces[index].frame;
  placeSquare({ x: center[0], y: center[1], half: Math.hypot(...axis), turn: Math.atan2(axis[1], axis[0]) });
  for (const [place, button] of [...$("faces").children].entries()) {
    button.setAttribute("aria-pressed", String(place === index));
  }
}

// The square as the server knows it.
const frame = () => ({
  center: [square.x, square.y],
  axis: [square.half * Math.cos(square.turn), square.half * Math.sin(square.turn)],
});

function drawCrop() {
  const canvas = $("crop-canvas");
  const { bitmap, faces } = photo;
  const scale = Math.min(960 / bitmap.width, 720 / bitmap.height);
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const corners = [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([u, v]) => {
    const [right, down] = frame().axis;
    return [(square.x + 0.5 + u * right - v * down) * scale, (square.y + 0.5 + u * down + v * right) * scale];
  });
  const outline = () => {
    context.moveTo(...corners[0]);
    for (const corner of corners.slice(1)) context.lineTo(...corner);
    context.closePath();
  };
  context.fillStyle = "rgb(0 0 0 / 55%)";
  context.beginPath();
  context.rect(0, 0, canvas.width, canvas.height);
  outline();
  context.fill("evenodd");
  // White within black is seen on every photo.
  for (const [color, width] of [["rgb(0 0 0 / 60%)", 5], ["white", 2.5]]) {
    context.strokeStyle = color;
    context.lineWidth = width;
    context.beginPath();
    outline();
    context.stroke();
    context.lineWidth = width / 2;
    for (const { box: [x, y, w, h] } of faces) context.strokeRect(x * scale, y * scale, w * scale, h * scale);
  }
  // The upper edge, so that a turn can be seen.
  context.fillStyle = "white";
  context.beginPath();
  context.arc((corners[0][0] + corners[1][0]) / 2, (corners[0][1] + corners[1][1]) / 2, 6, 0, 7);
  context.fill();
}

function placeSquare(change) {
  const { width, height } = photo.bitmap;
  const side = Math.min(width, height);
  const next = { ...square, ...change };
  square = {
    x: Math.min(width - 1, Math.max(0, next.x)), y: Math.min(height - 1, Math.max(0, next.y)),
    half: Math.min(side, Math.max(Math.min(side / 2, 8), next.half)),
    turn: Math.atan2(Math.sin(next.turn), Math.cos(next.turn)),
  };
  $("crop-size").value = Math.round(200 * square.half / side);
  $("crop-turn").value = Math.round(square.turn * 180 / Math.PI);
  drawCrop();
}

function watchCrop() {
  const canvas = $("crop-canvas");
  let grip = null;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    const scale = photo.bitmap.width / box.width;
    return { x: (event.clientX - box.left) * scale - 0.5, y: (event.clientY - box.top) * scale - 0.5 };
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (!photo) return;
    canvas.setPointerCapture(event.pointerId);
    const at = place(event);
    grip = { x: at.x - square.x, y: at.y - square.y };
    // A press outside of the square brings it there.
    if (Math.hypot(grip.x, grip.y) > square.half * 1.3) {
      grip = { x: 0, y: 0 };
      placeSquare(at);
    }
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!grip) return;
    const at = place(event);
    placeSquare({ x: at.x - grip.x, y: at.y - grip.y });
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { grip = null; });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    placeSquare({ half: square.half * (event.deltaY > 0 ? 1.05 : 1 / 1.05) });
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const step = square.half / 20, { x, y, half, turn } = square;
    const moves = {
      ArrowLeft: { x: x - step }, ArrowRight: { x: x + step }, ArrowUp: { y: y - step }, ArrowDown: { y: y + step },
      "+": { half: half * 1.05 }, "=": { half: half * 1.05 }, "-": { half: half / 1.05 },
      ",": { turn: turn - Math.PI / 90 }, ".": { turn: turn + Math.PI / 90 },
    };
    if (!moves[event.key]) return;
    placeSquare(moves[event.key]);
    event.preventDefault();
  });
  $("crop-size").addEventListener("input", (event) => {
    placeSquare({ half: event.target.value / 200 * Math.min(photo.bitmap.width, photo.bitmap.height) });
  });
  $("crop-turn").addEventListener("input", (event) => placeSquare({ turn: event.target.value * Math.PI / 180 }));
}

// The square at the model's resolution or above, reduced by halves so that nothing is skipped.
async function cutOut() {
  let side = Math.max(1, Math.round(2 * square.half));
  let canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const context = canvas.getContext("2d");
  context.translate(side / 2, side / 2);
  context.rotate(-square.turn);
  context.drawImage(photo.bitmap, -square.x - 0.5, -square.y - 0.5);
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

// Whether the picture is a face already, cut out as the model's training pictures: then there is no photo to go back to.
const isWhole = () => {
  const { width, height } = photo.bitmap;
  return width === height && square.turn === 0 && Math.abs(2 * square.half - width) < 0.5
    && Math.abs(square.x + 0.5 - width / 2) < 0.5 && Math.abs(square.y + 0.5 - height / 2) < 0.5;
};

async function start() {
  const form = new FormData();
  form.append("steps", String(Math.min(1000, Math.max(0, Number($("steps").value) || 0))));
  if (photo.isKept && !isWhole()) form.append("frame", JSON.stringify(frame()));
  form.append("image", photo.isKept ? photo.blob : await cutOut(), photo.name);
  const started = await json("/v1/jobs", { method: "POST", body: form });
  photo.job = started.id;
  await follow(started);
}
