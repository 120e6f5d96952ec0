"""Pictures, local clusters and results for the tests of `idinv_lite.ray`."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import idinv_lite as idinv
import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "models" / "default.idinv"


def environment() -> dict[str, str]:
    """That of a process which imports the package that is tested."""
    source = str(Path(idinv.__file__).resolve().parents[1])
    path = os.pathsep.join([source, os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    # Ray's workers give way to all others, by default so much that tests on a busy machine would not end.
    return {**os.environ, "PYTHONPATH": path, "RAY_worker_niceness": "0", "RAY_ADDRESS": ""}


def make_pictures(folder: Path, count: int, model: idinv.Model) -> list[Path]:
    """Pictures of random codes, in nested folders as FFHQ's, named by their number."""
    paths = [folder / f"{number // 100:03d}" / f"{number:05d}.png" for number in range(count)]
    for start in range(0, count, 50):
        pictures = model.synthesize(model.sample(range(start, min(start + 50, count))))
        for path, picture in zip(paths[start:], pictures):
            path.parent.mkdir(parents=True, exist_ok=True)
            idinv.write_image(picture, path)
    return paths


def rows(folder: Path) -> list[dict[str, Any]]:
    """All rows of a folder of results, files as they come, by key."""
    import pyarrow.parquet as pq

    found = [row for path in sorted(folder.glob("*.parquet")) for row in pq.read_table(path).to_pylist()]
    return sorted(found, key=lambda row: str(row["key"]))


def codes(found: list[dict[str, Any]]) -> npt.NDArray[np.float32]:
    return np.stack([np.asarray(row["code"], np.float32).reshape(row["shape"]) for row in found])


def timeless(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What rows of equal runs agree in."""
    return [{name: value for name, value in row.items() if name != "seconds"} for row in found]


def wait_for(condition: Callable[[], bool], seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def children(parent: int) -> Iterator[tuple[int, str]]:
    """Process numbers and command lines of a process's children."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            status = (entry / "stat").read_text()
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if int(status.rpartition(")")[2].split()[1]) == parent:
            yield int(entry.name), command


def workers(raylets: list[int]) -> list[int]:
    """The processes of actors that hold a model, under these raylets alone."""
    return [pid for raylet in raylets for pid, command in children(raylet) if "MapBatches(" in command]


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
