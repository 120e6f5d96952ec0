"""idinv-lite: the command itself, started anew for each turn; the time it takes to get ready is not counted."""

from __future__ import annotations

import json
import pathlib
import subprocess
import tempfile

import numpy

from ..families import convert_arguments
from . import Task, Unavailable

FEATURE_UNAVAILABLE = 69  # the exit code


def converted(folder: pathlib.Path, weights: str, program: pathlib.Path) -> pathlib.Path:
    """`model-WEIGHTS.idinv`, made once per checkpoint and program."""
    path = folder / f"model-{weights}.idinv"
    if not path.exists() or path.stat().st_mtime < program.stat().st_mtime:
        run([program, "convert", *convert_arguments(folder), "--weights", weights, "-o", path, "--quiet"])
    return path


def run(command: list) -> subprocess.CompletedProcess:
    """Runs to the end; what the program says against it is the error."""
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if result.returncode == FEATURE_UNAVAILABLE:
        raise Unavailable(result.stderr.strip())
    if result.returncode:
        raise RuntimeError(f"{command[0]} {command[1]}: exit code {result.returncode}: {result.stderr.strip()}")
    return result


class Idinv:
    def __init__(self, task: Task, weights: str, compute: str):
        self.task, self.peak_bytes = task, 0
        self.program = task.program
        self.model = converted(task.folder, weights, self.program)
        self.compute = compute
        self.engine = ["--model", self.model, "--threads", task.threads]

    def output(self) -> numpy.ndarray:
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            if self.task.network == "step":
                return self._losses(folder)
            numpy.save(folder / "x.npy", self.task.input())
            run([self.program, "forward", self.task.network, *self.engine, "--compute", self._timed_compute(), "--batch",
                 self.task.batch, "--input", folder / "x.npy", "--output", folder / "y.npy", "--quiet"])
            return numpy.load(folder / "y.npy")

    def _timed_compute(self) -> str:
        """What `auto` stands for when it is timed; `forward` by itself would take it for f32."""
        return self._bench(1)["compute"] if self.compute == "auto" else self.compute

    def _bench(self, runs: int) -> dict:
        return json.loads(run([
            self.program, "bench", *self.engine, "--compute", self.compute, "--batch", self.task.batch, "--only",
            self.task.network, "--runs", runs, "--json"]).stdout)

    def _losses(self, folder: pathlib.Path) -> numpy.ndarray:
        """Of the first image, as `invert` logs them before each of its first two updates."""
        run([self.program, "invert", self.task.folder / "image.png", *self.engine, "--compute", self.compute,
             "--optimizer", "adam", "--iterations", 2, "--snapshots", 0, "-o", folder, "--quiet"])
        lines = [json.loads(line) for line in (folder / "losses.jsonl").read_text().splitlines()]
        return numpy.array([[line[term] for term in ("pixel", "perceptual", "domain")] for line in lines], "float32")

    def times(self, runs: int) -> list[float]:
        """One figure: the median that the command measures over `runs` runs."""
        result = self._bench(runs)
        self.peak_bytes = max(self.peak_bytes, result["peak_rss_bytes"])
        return [result[self.task.network]["median_s"]]
