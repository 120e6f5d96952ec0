"""A finished run in few small files, for machines that give little back: half precision, six networks and one archive."""

from __future__ import annotations

import zipfile
from pathlib import Path

import torch
from torch import Tensor

from .loop import save_whole

NETWORKS = ("generator", "encoder", "encoder_conventional", "perceptual", "attributes", "judge")
MOST_FILES, MOST_BYTES = 8, 16 << 20


def _halved(value: object) -> object:
    return value.half() if isinstance(value, Tensor) and value.is_floating_point() else value


def deliver(run: Path, out: Path) -> list[Path]:
    """Writes the networks of `run/export` and `report.zip` (figures, logs, samples, curves) to `out`; returns the files.

    `idinv-lite convert --weights f16` makes of them what it would have made of the run's own files.
    """
    out.mkdir(parents=True, exist_ok=True)
    files = []
    for name in NETWORKS:
        path = run / "export" / f"{name}.pth"
        if path.exists():
            state = torch.load(path, map_location="cpu")
            files.append(out / f"{name}.pth")
            save_whole({key: _halved(value) for key, value in state.items()}, files[-1])
    files.append(out / "report.zip")
    samples = sorted((run / "samples").glob("*.png"))
    last = {path.name.split("-")[0]: path for path in samples}  # of each stage the last
    logs = [*run.glob("*.jsonl"), *(run / "export").glob("*.json"), *(run / "export").glob("*.png"), run / "curves.png"]
    with zipfile.ZipFile(files[-1], "w", zipfile.ZIP_DEFLATED) as archive:
        for path in [*logs, *last.values()]:
            if path.exists():
                archive.write(path, path.relative_to(run))
    for path in files:
        if path.stat().st_size > MOST_BYTES:
            print(f"{path}: {path.stat().st_size / 2 ** 20:.0f} MiB, more than {MOST_BYTES >> 20}", flush=True)
    if len(files) > MOST_FILES:
        print(f"{out}: {len(files)} files, more than {MOST_FILES}", flush=True)
    return files
