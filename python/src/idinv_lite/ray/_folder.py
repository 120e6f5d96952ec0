"""Rows of a run → the result folder that `idinv-lite invert` would have made, so that the editing commands go on."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import Model, write_image
from .. import __version__ as version
from .._errors import BadDataError, InputOutputError
from . import _sources
from ._results import ResultStore
from ._rows import ModelFile

#: What is read of all rows at once; codes and losses are read file by file.
_FACTS = [
    "key", "path", "shape", "steps", "best_step", "psnr_db", "start_psnr_db", "in_domain_mean_square", "seconds",
    "stop_reason", "error",
]  # fmt: skip
#: File systems take 255 bytes; a name may be given a number, and the outputs add to it.
_LONGEST_STEM = 200


@dataclass
class _Row:
    facts: dict[str, Any]
    name: str = ""

    @property
    def key(self) -> str:
        return str(self.facts["key"])


def to_folder(
    results: str,
    output: str | os.PathLike[str],
    model: str | os.PathLike[str] | None = None,
    *,
    inputs: Sequence[str] = (),
    columns: _sources.Columns | None = None,
    has_pictures: bool = True,
    tell: Callable[[str], None] = lambda line: None,
) -> int:
    """Makes a result folder of the rows that have a code, in the natural order of their keys.

    It holds `encoded_codes.npy`, `inverted_codes.npy`, `image_list.txt`, `losses.jsonl`, `summary.json`, and with a model
    NAME_enc.png and NAME_inv.png; NAME_ori.png, too, where the inputs are given again. `idinv-lite evaluate` makes pages of it.

    Returns:
        The number of codes.

    Raises:
        MissingFileError, BadDataError: also where no picture has a code, or the model is not the one of the results.
    """
    store = ResultStore(results)
    run = store.description() or {}
    rows = [_Row(facts) for table in store.tables(_FACTS) for facts in table.to_pylist()]
    rows.sort(key=lambda row: _natural(row.key))
    done = [row for row in rows if row.facts["error"] is None]
    if not done:
        raise BadDataError(f"{store.name}: no picture has a code")
    shapes = {tuple(row.facts["shape"]) for row in done}
    if len(shapes) > 1:
        raise BadDataError(f"{store.name}: has codes of shapes {sorted(shapes)}; expected those of one model")
    for row, name in zip(done, unique_names([row.key for row in done]), strict=True):
        row.name = name
    folder = Path(output)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".to-folder-") as scratch:
            _write_arrays(store, done, folder, Path(scratch))
        _write_text(folder / "image_list.txt", (f"{_line(row)}\n" for row in done))
        _write_summary(folder, run, done, [row for row in rows if row.facts["error"] is not None])
        if has_pictures:
            _write_pictures(folder, run, done, ModelFile.of(model), inputs, columns or _sources.Columns(), tell)
    except OSError as error:
        raise InputOutputError(f"{folder}: cannot be written: {error}", str(folder)) from None
    return len(done)


# ---- Names, as the command gives them


def unique_names(keys: Sequence[str]) -> list[str]:
    """The files' stems; the second of one stem gets -2, where that is not the stem of another."""
    stems = [_stem(key) for key in keys]
    taken = set(stems)
    numbers: dict[str, int] = {}
    names = []
    for stem in stems:
        if stem not in numbers:
            numbers[stem] = 2
            names.append(stem)
            continue
        number = numbers[stem]
        while f"{stem}-{number}" in taken:
            number += 1
        taken.add(f"{stem}-{number}")
        numbers[stem] = number + 1
        names.append(f"{stem}-{number}")
    return names


def _stem(path: str) -> str:
    last = path.rstrip("/").rsplit("/", 1)[-1]
    stem = last.rpartition(".")[0] if "." in last else last
    stem = stem.encode()[:_LONGEST_STEM].decode("utf-8", "ignore")
    return _printable(stem) or "image"


def _printable(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", "_", text)


def _line(row: _Row) -> str:
    path = str(row.facts["path"])
    return _printable(path if _stem(path) == row.name else f"{row.name}.png")


def _natural(key: str) -> tuple[Any, ...]:
    """Numbers in names by their value: 2 before 10."""
    return tuple((int(step), "") if step.isdigit() else (-1, step) for step in re.split(r"([0-9]+)", key)) + (key,)


# ---- Files


def _write_arrays(store: ResultStore, rows: list[_Row], folder: Path, scratch: Path) -> None:
    """Codes and losses go to their places in files, so that memory does not grow with their number."""
    shape = (len(rows), *rows[0].facts["shape"])
    places = {row.key: index for index, row in enumerate(rows)}
    steps = np.array([row.facts["steps"] for row in rows], np.int64)
    first = np.concatenate([[0], np.cumsum(steps)])
    losses = np.lib.format.open_memmap(scratch / "losses.npy", "w+", np.float32, (int(first[-1]), 4))
    arrays = {
        column: np.lib.format.open_memmap(scratch / name, "w+", np.float32, shape)
        for column, name in (("start_code", "encoded_codes.npy"), ("code", "inverted_codes.npy"))
    }
    for table in store.tables(["key", "start_code", "code", "losses"]):
        for values in table.to_pylist():
            place = places.get(values["key"])
            if place is None:
                continue
            for column, array in arrays.items():
                array[place] = np.asarray(values[column], np.float32).reshape(shape[1:])
            losses[first[place] : first[place + 1]] = np.asarray(values["losses"], np.float32).reshape(-1, 4)
    for array in arrays.values():
        array.flush()
    for name in ("encoded_codes.npy", "inverted_codes.npy"):
        os.replace(scratch / name, folder / name)
    _write_text(folder / "losses.jsonl", _loss_lines(rows, losses, first))


def _loss_lines(rows: list[_Row], losses: npt.NDArray[np.float32], first: npt.NDArray[np.int64]) -> Iterator[str]:
    """Seconds are spread evenly: rows have the sum alone."""
    for index, row in enumerate(rows):
        values = losses[first[index] : first[index + 1]].tolist()
        for step, (pixel, perceptual, domain, total) in enumerate(values, 1):
            record = {
                "image": row.name, "step": step, "pixel": pixel, "perceptual": perceptual, "domain": domain,
                "total": total, "seconds": row.facts["seconds"] * step / len(values),
            }  # fmt: skip
            yield json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"


def _write_summary(folder: Path, run: dict[str, Any], rows: list[_Row], failed: list[_Row]) -> None:
    options = run.get("options", {})
    summary = {
        "version": version,
        "model_identity": run.get("model_sha256"),
        "compute": options.get("arithmetic"),
        "complete": True,
        "objective": {
            "iterations": options.get("steps") or max(int(row.facts["steps"]) for row in rows),
            "lambda_perceptual": options.get("perceptual_weight"),
            "lambda_domain": options.get("domain_weight"),
        },
        "seconds": sum(row.facts["seconds"] for row in rows),
        "median_psnr_db": float(np.median([row.facts["psnr_db"] for row in rows])),
        "stop_reasons": dict(Counter(row.facts["stop_reason"] for row in rows)),
        "skipped": [{"path": row.facts["path"], "reason": row.facts["error"]} for row in failed],
        "images": [_summary_of(row) for row in rows],
    }
    _write_text(folder / "summary.json", [json.dumps(summary, indent=2, ensure_ascii=False), "\n"])


def _summary_of(row: _Row) -> dict[str, Any]:
    facts = row.facts
    return {
        "name": row.name,
        "path": facts["path"],
        "steps": facts["steps"],
        "stop_reason": facts["stop_reason"],
        "best_step": facts["best_step"],
        "seconds": facts["seconds"],
        "encoded": {"psnr_db": facts["start_psnr_db"]},
        "inverted": {"psnr_db": facts["psnr_db"], "in_domain_mean_square": facts["in_domain_mean_square"]},
    }


def _write_pictures(
    folder: Path, run: dict[str, Any], rows: list[_Row], file: ModelFile, inputs: Sequence[str],
    columns: _sources.Columns, tell: Callable[[str], None],
) -> None:  # fmt: skip
    if run.get("model_sha256", file.sha256) != file.sha256:
        raise BadDataError(
            f"{file.path}: is another model ({file.sha256[:12]}…; expected {run['model_sha256'][:12]}…, that of the results)",
            file.path,
        )
    arrays = {
        suffix: np.load(folder / name, mmap_mode="r")
        for suffix, name in (("enc", "encoded_codes.npy"), ("inv", "inverted_codes.npy"))
    }
    crop = run.get("options", {}).get("crop", "none")
    with Model.open(file.path) as model:
        for index, row in enumerate(rows):
            for suffix, codes in arrays.items():
                write_image(model.synthesize(codes[index]), folder / f"{row.name}_{suffix}.png")
        if not inputs:
            return
        names = {row.key: row.name for row in rows}
        for kind, source, pictures in _sources.listed(inputs, columns, tell):
            for picture in pictures:
                if picture.key not in names:
                    continue
                table = _sources.read(_sources.Part(kind, source, [picture]))
                data, error = table.column("bytes")[0].as_py(), table.column("error")[0].as_py()
                if data is None:
                    tell(error)
                else:
                    write_image(model.read_images(data, crop=crop)[0], folder / f"{names[picture.key]}_ori.png")


def _write_text(path: Path, pieces: Iterator[str] | Sequence[str]) -> None:
    beside = path.with_name(f".{path.name}.tmp")
    with open(beside, "w", encoding="utf-8") as file:
        file.writelines(pieces)
    os.replace(beside, path)
