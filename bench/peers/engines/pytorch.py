"""PyTorch: eager, with the target's features cached (a step only), or compiled."""

from __future__ import annotations

import numpy
import torch

from .. import published
from . import Task
from .timing import timed


class PyTorch:
    def __init__(self, task: Task, name: str):
        torch.set_num_threads(task.threads)
        self.net = published.forward_network(task.folder, task.network)
        if name == "pytorch-compiled":
            self.net = torch.compile(self.net)
        self.input = torch.from_numpy(task.input())

    @torch.inference_mode()
    def output(self) -> numpy.ndarray:
        return self.net(self.input).numpy()

    @torch.inference_mode()
    def times(self, runs: int) -> list[float]:
        return timed(lambda: self.net(self.input), runs)


class PyTorchStep:
    def __init__(self, task: Task, name: str):
        torch.set_num_threads(task.threads)
        self.step = published.RefinementStep(
            task.folder, torch.from_numpy(task.input()), caches_target=name != "pytorch",
            compiles=name == "pytorch-compiled")

    def output(self) -> numpy.ndarray:
        return numpy.array(self.step.first_losses(), "float32")

    def times(self, runs: int) -> list[float]:
        return timed(self.step, runs)
