"""PyTorch: eager, with the target's features cached (a step only), or compiled; each in f32 or, by autocast, bf16."""

from __future__ import annotations

import numpy
import torch

from ..families import family
from . import Task
from .timing import timed


def autocast(name: str) -> torch.autocast:
    return torch.autocast("cpu", torch.bfloat16, enabled=name.endswith("-bf16"))


class PyTorch:
    def __init__(self, task: Task, name: str):
        torch.set_num_threads(task.threads)
        self.net, self.name = family(task.folder).forward_network(task.folder, task.network), name
        if name.startswith("pytorch-compiled"):
            self.net = torch.compile(self.net)
        self.input = torch.from_numpy(task.input())

    @torch.inference_mode()
    def output(self) -> numpy.ndarray:
        with autocast(self.name):
            return self.net(self.input).float().numpy()

    @torch.inference_mode()
    def times(self, runs: int) -> list[float]:
        with autocast(self.name):
            return timed(lambda: self.net(self.input), runs)


class PyTorchStep:
    def __init__(self, task: Task, name: str):
        torch.set_num_threads(task.threads)
        self.name = name
        self.step = family(task.folder).RefinementStep(
            task.folder, torch.from_numpy(task.input()), caches_target=name not in ("pytorch", "pytorch-bf16"),
            compiles=name.startswith("pytorch-compiled"))

    def output(self) -> numpy.ndarray:
        with autocast(self.name):
            return numpy.array(self.step.first_losses(), "float32")

    def times(self, runs: int) -> list[float]:
        with autocast(self.name):
            return timed(self.step, runs)
