"use strict";
// Saving pictures, codes, films and archives.

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
    if (job.links.photo) {
      const blob = await (await post("/v1/photos", photoRequest({}))).blob();
      files.push([`photo.${blob.type === "image/png" ? "png" : "jpg"}`, blob]);
    }
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
