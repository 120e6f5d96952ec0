"""One module per engine. Each has a class with the methods of `Engine`; `worker.py` runs one in a process of its own."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Protocol

import numpy


@dataclasses.dataclass(frozen=True)
class Task:
    """What a worker is to run."""

    network: str  # generator, encoder, perceptual or step
    folder: pathlib.Path  # checkpoints, inputs and what was made of them
    batch: int
    threads: int
    program: pathlib.Path | None = None

    def input(self) -> numpy.ndarray:
        """The first `batch` rows of the stored inputs."""
        name = "codes" if self.network == "generator" else "images"
        values = numpy.load(self.folder / f"{name}.npy")
        return numpy.resize(values, (self.batch, *values.shape[1:]))


class Unavailable(Exception):
    """The engine cannot do this task, and says why."""


def is_ours(name: str) -> bool:
    return name.startswith("idinv-lite/")


def is_f32(name: str) -> bool:
    """Whether all arithmetic is f32; what idinv-lite stores is another matter."""
    return name.endswith("/f32") if is_ours(name) else not name.endswith(("-bf16", "-int8", "-auto"))


class Engine(Protocol):
    def output(self) -> numpy.ndarray:
        """The network's output for the task's input; for a step, the losses of the first two steps."""

    def times(self, runs: int) -> list[float]:
        """Seconds of `runs` runs, after one that is not counted."""


def create(name: str, task: Task) -> Engine:
    """`idinv-lite/WEIGHTS/COMPUTE`, `pytorch`, `pytorch-cached`, `pytorch-compiled` (each also with `-bf16`),
    `onnxruntime[-int8]`, `openvino[-auto]`, `ncnn[-bf16]`."""
    if is_ours(name):
        from .idinv import Idinv

        _, weights, compute = name.split("/")
        return Idinv(task, weights, compute)
    if name.startswith("pytorch"):
        from .pytorch import PyTorch, PyTorchStep

        return (PyTorchStep if task.network == "step" else PyTorch)(task, name)
    if task.network == "step":
        raise Unavailable("runs no gradients")
    if name in ("onnxruntime", "onnxruntime-int8"):
        from .onnx import ONNXRuntime

        return ONNXRuntime(task, is_quantized=name.endswith("-int8"))
    if name in ("openvino", "openvino-auto"):
        from .onnx import OpenVINO

        return OpenVINO(task, chooses_precision=name.endswith("-auto"))
    if name in ("ncnn", "ncnn-bf16"):
        from .ncnn import NCNN

        return NCNN(task, stores_halves=name.endswith("-bf16"))
    raise ValueError(f"no engine '{name}'")
