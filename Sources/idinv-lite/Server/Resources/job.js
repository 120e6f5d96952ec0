"use strict";
// A job on its way.

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
  show("outcome", false);
  // A photo that was placed on this page can be placed again; a job of another day has no photo here.
  show("place-again", photo?.job === job.id);
  show("crop", false);
  show("loss-figure");
  $("original").src = job.links.input;
  $("before").src = job.links.input;
  $("after").removeAttribute("src");
  $("result-caption").textContent = "Reconstruction";
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
    ? `Loss over ${losses.length} steps, ${result.seconds.toFixed(1)} s` : "Loss";
  if (!losses.length) show("loss-figure", false);
  $("result-caption").textContent = hasPSNR ? `Reconstruction, ${result.psnr_db.toFixed(1)} dB` : "Picture of the code";
  explainDomain(result.start_in_domain);
  ownScore = result.in_domain;
  buildOthers();
  show("editor");
  show("outcome");
  showConsequences();
  await listJobs();
}

let ownScore;

// The score of the encoder's code in a sentence; the usual value is that of the model's own pictures.
function explainDomain(score) {
  const usual = model.usual_in_domain;
  if (score === undefined || score === null || !usual) { $("domain").textContent = ""; return; }
  const ratio = score / usual;
  $("domain").textContent = "In-domain score "
    + (ratio < 4 ? "as usual: the model understands this face, so edits change what they say and little else."
      : ratio < 10 ? `${ratio.toFixed(0)} times the usual: the model knows faces like this less well; edits may change more than they say.`
        : `${ratio.toFixed(0)} times the usual: this picture is far from what the model was trained on. Expect edits to look wrong.`);
}

// Whether an edit has left what the model knows, by the score of the picture that it began with.
function explainEdit(score) {
  $("edit-domain").textContent = ownScore && score > 10 * ownScore
    ? `This edit goes far: its in-domain score is ${(score / ownScore).toFixed(0)} times that of the picture it began with.` : "";
}

function drawLoss() {
  const finite = losses.filter((value) => Number.isFinite(value) && value > 0);
  const axis = $("loss-axis");
  axis.replaceChildren();
  if (finite.length < 1) { $("loss-line").setAttribute("points", ""); $("loss-text").textContent = "no steps yet"; return; }
  const low = Math.log10(Math.min(...finite)), high = Math.log10(Math.max(...finite));
  const span = Math.max(high - low, 0.05);
  const x = (index) => 10 + 236 * index / Math.max(1, losses.length - 1);
  const y = (value) => 226 - 206 * (Math.log10(value) - low) / span;
  $("loss-line").setAttribute("points", losses.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(" "));
  const make = (name, attributes, text) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    axis.append(element);
  };
  make("line", { x1: 10, y1: 226, x2: 246, y2: 226 });
  make("line", { x1: 10, y1: 20, x2: 10, y2: 226 });
  // Above and below the line: beside it there is room for few digits.
  make("text", { x: 10, y: 14 }, (10 ** high).toPrecision(2));
  make("text", { x: 10, y: 242 }, (10 ** low).toPrecision(2));
  make("text", { x: 246, y: 242, "text-anchor": "end" }, `step ${losses.length}`);
  $("loss-text").textContent =
    `from ${finite[0].toPrecision(3)} to ${finite[finite.length - 1].toPrecision(3)} in ${losses.length} steps`;
}
