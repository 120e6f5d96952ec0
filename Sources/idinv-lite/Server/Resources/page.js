"use strict";
// Other pictures, and the page itself.

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
    name.textContent = entry.state === "done" ? entry.name : `${entry.state}: ${entry.name}`;
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
  click("notice-close", () => {});
  click("place-again", () => { show("crop"); $("crop").scrollIntoView({ block: "start" }); $("crop-canvas").focus({ preventScroll: true }); });
  click("stop", () => post(`${job.links.self}/stop`, {}));
  click("cancel", () => post(`${job.links.self}/cancel`, {}));
  click("undo", () => { future.push(past.pop()); restore(past[past.length - 1]); });
  click("redo", () => { past.push(future.pop()); restore(past[past.length - 1]); });
  click("reset", () => { edit = emptyEdit(); remember(); showEdit(); return render(); });
  click("save-photo", savePhoto);
  $("attributes-box").addEventListener("toggle", showConsequences);
  for (const id of ["keep-detail", "photo-before"]) $(id).addEventListener("change", showConsequences);
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
  $("model-hint").textContent = model.has_detector ? "Faces are found, edited and put back into the photo." : "The face should look at the camera and fill the square, as in the model's training pictures.";
  if (!model.has_encoder) $("model-hint").textContent += " This model has no encoder: reconstructions take more steps.";
  buildSliders();
  await listJobs();
  // After a reload the job that was open is open again.
  const entry = jobs.find(({ id }) => id === location.hash.slice(1));
  if (entry) await follow(await json(entry.links.self));
})();
