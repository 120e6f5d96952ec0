"""Images of any size and format from a folder or a ZIP archive, as square pictures of one size."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import IO

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError

from ..data import Pool

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")


def _names(source: Path) -> list[str]:
    if source.is_dir():
        found = (path for path in source.rglob("*") if path.is_file() or path.is_symlink())
        names = [str(path.relative_to(source)) for path in found]
    else:
        with zipfile.ZipFile(source) as archive:
            names = [name for name in archive.namelist() if not name.startswith("__MACOSX/")]
    hidden = lambda name: any(part.startswith(".") for part in Path(name).parts)
    return sorted(name for name in names if name.lower().endswith(ENDINGS) and not hidden(name))


def _opened(source: Path, names: list[str]) -> Iterator[tuple[str, IO[bytes]]]:
    if source.is_dir():
        for name in names:
            yield name, BytesIO((source / name).read_bytes())
        return
    with zipfile.ZipFile(source) as archive:
        for name in names:
            yield name, BytesIO(archive.read(name))


def square(picture: Image.Image, resolution: int) -> np.ndarray:
    """The middle of a picture, upright, on white where it is transparent: [3, R, R] uint8."""
    picture = ImageOps.exif_transpose(picture)
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, (255, 255, 255, 255)), picture)
    picture = ImageOps.fit(picture.convert("RGB"), (resolution, resolution), Image.Resampling.LANCZOS)
    return np.asarray(picture).transpose(2, 0, 1)


def _prepare(source: Path, resolution: int, store: Path) -> int:
    """Writes the pictures of `source` to `store`, uint8 [N, 3, R, R], each once: a copy of a training picture among those held
    out would flatter. Returns N."""
    names = _names(source)
    if not names:
        raise SystemExit(f"{source}: no pictures; expected files ending in {', '.join(ENDINGS)}")
    partial = store.with_suffix(".partial")
    seen: set[bytes] = set()
    copies, skipped, small = 0, [], 0
    with partial.open("wb") as output:
        for name, data in _opened(source, names):
            try:
                with Image.open(data) as picture:
                    size, pixels = picture.size, square(picture, resolution).tobytes()
                digest = hashlib.sha256(pixels).digest()
                if digest in seen:
                    copies += 1
                    continue
                seen.add(digest)
                small += min(size) < resolution
                output.write(pixels)
            except (OSError, UnidentifiedImageError, ValueError, Image.DecompressionBombError) as error:
                skipped.append(f"{name}: {error}")
            if sys.stderr.isatty() and len(seen) % 100 == 0:
                print(f"\r{len(seen)} of {len(names)} pictures", end="", file=sys.stderr, flush=True)
    for line in skipped[:10]:
        print(f"{source}: left out {line}", file=sys.stderr)
    if len(skipped) > 10:
        print(f"{source}: and {len(skipped) - 10} more", file=sys.stderr)
    if copies:
        print(f"{source}: left out {copies} copies of other pictures", file=sys.stderr)
    if (count := len(seen)) < 2:
        partial.unlink()
        raise SystemExit(f"{source}: {count} readable pictures; expected some hundreds at least")
    if small > count // 2:
        print(f"{source}: most pictures are smaller than {resolution} px and were enlarged", file=sys.stderr)
    os.replace(partial, store)
    return count


def load_photos(source: Path, resolution: int, folder: Path, held_out: float = 0.05) -> tuple[Pool, Pool]:
    """(training pictures, held-out pictures) of a folder or ZIP archive.

    Prepared once and kept in `folder`, from where they are mapped, not read: a set may be larger than memory. Every
    twentieth or so is held out, 500 at most. There are no attributes.
    """
    if not source.exists():
        raise SystemExit(f"{source}: not found; expected a folder or a ZIP archive of pictures")
    if not source.is_dir() and not zipfile.is_zipfile(source):
        raise SystemExit(f"{source}: neither a folder nor a ZIP archive")
    folder.mkdir(parents=True, exist_ok=True)
    store, notes = folder / f"pictures-{resolution}px.u8", folder / f"pictures-{resolution}px.json"
    stamp = {"source": str(source.resolve()), "changed": source.stat().st_mtime}
    known = json.loads(notes.read_text()) if notes.exists() and store.exists() else {}
    if {key: known.get(key) for key in stamp} != stamp:
        count = _prepare(source, resolution, store)
        notes.write_text(json.dumps({**stamp, "count": count}) + "\n")
    count = store.stat().st_size // (3 * resolution * resolution)
    images = torch.from_numpy(np.memmap(store, np.uint8, "c", shape=(count, 3, resolution, resolution)))
    out = min(500, max(1, round(count * held_out)))
    held = torch.zeros(count, dtype=torch.bool)
    held[torch.arange(out) * count // out] = True
    nothing = torch.zeros(count, 0)
    return (Pool(images, nothing, index=torch.nonzero(~held).flatten()),
            Pool(images, nothing, index=torch.nonzero(held).flatten()))
