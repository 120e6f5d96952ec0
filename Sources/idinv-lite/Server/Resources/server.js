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

// A name of a file in front stays as it is.
const sentence = (text) =>
  (/^[^:]*\.\w+: /.test(text) ? text.charAt(0) : text.charAt(0).toUpperCase()) + text.slice(1)
  + (/[.!?]$/.test(text) ? "" : ".");
const json = async (path, options) => (await call(path, options)).json();
const post = (path, value) =>
  call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) });

function tell(error) {
  if (error instanceof DOMException && error.name === "AbortError") return;
  const isKnown = error instanceof Refusal;
  if (!isKnown) console.error(error);
  $("notice-text").textContent = isKnown ? error.message : "Something went wrong in this page: " + error.message;
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
