"""Pictures in, rows out: what one worker does. It knows neither Ray nor Spark."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from .. import Model, Outcome, Progress
from .._errors import BadDataError, IdinvError, MissingFileError
from .._places import default_model

#: One row for each picture. `code`, `start_code` and `losses` are flat, in C order: [L, D] as `shape` says, and
#: [steps, 4] (pixel, perceptual, domain, total). A picture that failed has its reason in `error`, and no code.
SCHEMA = pa.schema(
    [
        pa.field("key", pa.string(), nullable=False),
        pa.field("path", pa.string(), nullable=False),
        ("image_sha256", pa.string()),
        pa.field("model_sha256", pa.string(), nullable=False),
        ("code", pa.list_(pa.float32())),
        ("start_code", pa.list_(pa.float32())),
        ("shape", pa.list_(pa.int32())),
        ("losses", pa.list_(pa.float32())),
        ("steps", pa.int32()),
        ("best_step", pa.int32()),
        ("psnr_db", pa.float64()),
        ("start_psnr_db", pa.float64()),
        ("in_domain_mean_square", pa.float64()),
        ("seconds", pa.float64()),
        ("stop_reason", pa.string()),
        ("error", pa.string()),
    ]
)


@dataclass(frozen=True)
class Options:
    """How pictures are inverted: the parameters of `Model.invert` and `Model.open` that change results."""

    steps: int | None = None
    optimizer: str = "auto"
    learning_rate: float = 0.01
    perceptual_weight: float = 5e-5
    domain_weight: float = 2.0
    start: str = "encoder"
    space: str = "w+"
    budget: float | None = None
    target_psnr: float | None = None
    patience: int | None = None
    crop: str = "none"
    arithmetic: str = "auto"

    def named(self) -> dict[str, Any]:
        """All of them, as JSON takes them."""
        return asdict(self)


@dataclass(frozen=True)
class ModelFile:
    """A model file, which every machine of a cluster has at the same path."""

    path: str
    #: SHA-256 of its header, which holds the checksums of all weights: `model_identity` in the command's JSON.
    sha256: str

    @classmethod
    def of(cls, path: str | os.PathLike[str] | None) -> ModelFile:
        """The file at a path; None for the default model.

        Raises:
            MissingFileError, BadDataError.
        """
        name = os.path.abspath(default_model() if path is None else path)
        try:
            with open(name, "rb") as file:
                length = file.read(8)
                header = file.read(int.from_bytes(length, "little")) if len(length) == 8 else b""
        except OSError as error:
            raise MissingFileError(f"{name}: cannot be read: {error.strerror}", name) from None
        if not header.startswith(b"{"):
            raise BadDataError(f"{name}: is no model file (.idinv)", name)
        return cls(name, hashlib.sha256(length + header).hexdigest())

    def open(self, options: Options, threads: int, memory_budget: int | None = None) -> Model:
        """Opens it, and makes sure that it is the same on this machine.

        Raises:
            MissingFileError, BadDataError, UnavailableError.
        """
        found = ModelFile.of(self.path)
        if found.sha256 != self.sha256:
            raise BadDataError(
                f"{self.path}: on {os.uname().nodename} is another model ({found.sha256[:12]}…; "
                f"expected {self.sha256[:12]}…)",
                self.path,
            )
        return Model.open(self.path, threads=threads, arithmetic=options.arithmetic, memory_budget=memory_budget)


class RowMaker:
    """Inverts pictures with one model and makes a row of each."""

    def __init__(self, file: ModelFile, options: Options, threads: int = 1, memory_budget: int | None = None) -> None:
        self._file = file
        self._options = options
        self._model = file.open(options, threads, memory_budget)

    def check(self) -> None:
        """Refuses options that the model cannot follow, before there is any picture.

        Raises:
            InvalidArgumentError, BadDataError.
        """
        self._invert([])

    def __call__(
        self, keys: Sequence[str], paths: Sequence[str], pictures: Sequence[bytes | None], errors: Sequence[str | None]
    ) -> pa.Table:
        """Rows for pictures, given as bytes of picture files, or as the reason why there are none."""
        rows: list[dict[str, Any]] = []
        fitted: list[npt.NDArray[np.uint8]] = []
        good: list[dict[str, Any]] = []
        for key, path, data, error in zip(keys, paths, pictures, errors, strict=True):
            row: dict[str, Any] = {"key": key, "path": path, "model_sha256": self._file.sha256, "error": error}
            rows.append(row)
            if data is None:
                row["error"] = error or f"{path}: no bytes"
                continue
            row["image_sha256"] = hashlib.sha256(data).hexdigest()
            try:
                fitted.append(self._model.read_images(data, crop=self._options.crop)[0])
                good.append(row)
            except IdinvError as problem:
                row["error"] = f"{path}: {problem.reason.removeprefix('image 0: ')}"
        if good:
            self._fill(good, fitted)
        return pa.Table.from_pylist(rows, schema=SCHEMA)

    def _fill(self, rows: list[dict[str, Any]], fitted: list[npt.NDArray[np.uint8]]) -> None:
        seconds = np.zeros(len(rows))

        def count(progress: Progress) -> None:
            seconds[progress.image] += progress.seconds

        result = self._invert(fitted, count)
        is_good = [outcome.error is None for outcome in result.outcomes]
        # One picture after the other, as a batch of large ones would not fit into memory.
        for index, (row, outcome) in enumerate(zip(rows, result.outcomes, strict=True)):
            if not is_good[index]:
                row["error"] = f"{row['path']}: {outcome.error.reason if outcome.error else ''}"
                continue
            code, start = result.codes[index], result.start_codes[index]
            row.update(self._figures(code, start, fitted[index]), **_facts(outcome))
            row.update(
                code=code.ravel(), start_code=start.ravel(), shape=list(code.shape), seconds=float(seconds[index])
            )

    def _invert(self, images: list[npt.NDArray[np.uint8]], progress: Any = False) -> Any:
        options = self._options.named()
        del options["arithmetic"]
        return self._model.invert(images, progress=progress, **options)

    def _figures(
        self, code: npt.NDArray[np.float32], start: npt.NDArray[np.float32], original: npt.NDArray[np.uint8]
    ) -> dict[str, float | None]:
        """PSNR of the 8-bit pictures, and mean((z − E(G(z)))²) with G's 8-bit picture (Zhu et al., equation 4)."""
        picture, start_picture = self._model.synthesize(np.stack([code, start]))
        score = None
        if self._model.info.has_encoder:
            score = float(np.mean(np.square(code - self._model.encode(picture)[0], dtype=np.float64)))
        return {
            "psnr_db": _psnr(picture, original),
            "start_psnr_db": _psnr(start_picture, original),
            "in_domain_mean_square": score,
        }


def _facts(outcome: Outcome) -> dict[str, Any]:
    return {
        "losses": outcome.losses.ravel(),
        "steps": outcome.steps,
        "best_step": outcome.best_step,
        "stop_reason": outcome.stop_reason,
    }


def _psnr(picture: npt.NDArray[np.uint8], original: npt.NDArray[np.uint8]) -> float:
    error = np.mean(np.square(picture.astype(np.float64) - original.astype(np.float64)))
    return float(10 * np.log10(255**2 / error)) if error > 0 else float("inf")


def described(file: ModelFile, options: Options) -> dict[str, Any]:
    """What rows of one run have in common: rows of other runs must not lie beside them."""
    return {"version": 1, "model_sha256": file.sha256, "options": json.loads(json.dumps(options.named()))}
