"""What every stage of training shares: progress by images or minutes, logs, checkpoints that survive interruption."""

from __future__ import annotations

import copy
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from .config import Budget
from .curves import draw_curves

LONGEST_STEP = 300.0  # seconds; more than that the machine slept


def save_whole(state: Any, path: Path) -> None:
    """`torch.save`, whole or not at all: a file that is there is taken for a finished one."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    os.replace(partial, path)


def save_network(net: nn.Module, path: Path, **more: Any) -> None:
    """Its state dict; NCHW in the file, whatever layout training used."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_whole({k: v.detach().cpu().contiguous() for k, v in net.state_dict().items()} | more, path)


def _random_state() -> dict[str, Any]:
    """Of all generators that training draws from, so that a resumed run does not draw again what it has seen."""
    return {"cpu": torch.get_rng_state(), "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []}


def _set_random_state(state: Mapping[str, Any]) -> None:
    torch.set_rng_state(state["cpu"])
    if len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])


@dataclass(frozen=True)
class Settings:
    """How a stage runs, whatever it trains."""

    folder: Path
    device: str = "cpu"
    resume: bool = False
    checkpoint_minutes: float = 3.0
    compile: bool = False


class _Stop:
    """Whether somebody asked the process to end: the running stage then saves itself first. And whether somebody had stopped
    it for a while and now lets it go on (SIGSTOP, SIGCONT): that time is not its own."""

    asked = False
    was_paused = False

    @classmethod
    def on_signals(cls) -> None:
        def ask(number: int, _: object) -> None:
            if cls.asked:
                raise SystemExit(128 + number)  # asked twice
            cls.asked = True

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, ask)
        if hasattr(signal, "SIGCONT"):  # not on Windows
            signal.signal(signal.SIGCONT, lambda number, _: setattr(cls, "was_paused", True))


stop_on_signals = _Stop.on_signals


class Run:
    """One stage. `parts` (networks, optimizers: anything with a state dict) are saved together and restored together, with
    the state of the random numbers.

        run = Run(settings, "gan", budget, {"generator": g, ...})
        while not run.done:
            ...
            run.advance(batch)          # counts images, saves now and then
    """

    def __init__(self, settings: Settings, stage: str, budget: Budget, parts: Mapping[str, Any]):
        self.stage, self.budget, self.parts = stage, budget, dict(parts)
        self.folder = folder = settings.folder
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{stage}.state.pth"
        self.log_path = folder / f"{stage}.jsonl"
        self.interval = settings.checkpoint_minutes * 60
        self.images = 0
        self.seconds = self.reported = 0.0
        if settings.resume and self.path.exists():
            state = torch.load(self.path, map_location="cpu")
            self.images, self.seconds = state["images"], state["seconds"]
            for name, part in self.parts.items():
                part.load_state_dict(state["parts"][name])
            _set_random_state(state["random"])
            if self.log_path.exists():  # what came after the checkpoint will be done again
                lines = self.log_path.read_text().splitlines(keepends=True)
                self.log_path.write_text("".join(line for line in lines if json.loads(line)["images"] <= self.images))
        elif self.log_path.exists():
            self.log_path.unlink()
        self._clock = self._saved = self._told = time.monotonic()
        self._worked = time.process_time()
        self._sums: dict[str, torch.Tensor] = {}
        self._count = 0

    @property
    def progress(self) -> float:
        """0 to 1, by whichever of the two budgets is further along."""
        by_images = self.images / self.budget.images
        by_time = self.seconds / (60 * self.budget.minutes) if self.budget.minutes else 0.0
        return min(1.0, max(by_images, by_time))

    @property
    def done(self) -> bool:
        return self.progress >= 1

    def schedule(self, fall: float) -> float:
        """The share of a learning rate: a short warm-up, then all of it, then linearly to none over the last 1/`fall`."""
        return min(1.0, fall * (1 - self.progress), 0.05 + self.images / 5000)

    def advance(self, images: int) -> None:
        self.seconds += self._step_seconds()
        now = self._clock
        self.images += images
        if now - self._saved > self.interval or self.done or _Stop.asked:
            self.save()
            self._saved = now
        if _Stop.asked:
            raise SystemExit(f"{self.stage}: stopped and saved at {self.progress:.0%}; --resume goes on")
        if now - self._told > (1 if sys.stderr.isatty() else 60):
            left = self.seconds * (1 / self.progress - 1) / 60
            text = f"{self.stage}: {self.progress:.0%}, {self.images} images, {self.images / self.seconds:.0f}/s, {left:.1f} min left"
            print(f"\r{text}  " if sys.stderr.isatty() else text, file=sys.stderr, end="" if sys.stderr.isatty() else "\n",
                  flush=True)
            self._told = now

    def _step_seconds(self) -> float:
        """Since the last call; of a step in which the process was stopped, only what it worked."""
        now, worked = time.monotonic(), time.process_time()
        step = min(now - self._clock, LONGEST_STEP)
        if _Stop.was_paused:
            step, _Stop.was_paused = min(step, worked - self._worked), False
        self._clock, self._worked = now, worked
        return step

    def save(self) -> None:
        state = {"images": self.images, "seconds": self.seconds, "random": _random_state(),
                 "parts": {name: part.state_dict() for name, part in self.parts.items()}}
        save_whole(state, self.path)

    def record(self, **values: torch.Tensor | float) -> None:
        """Adds to the means that the next `report` prints."""
        for name, value in values.items():
            value = value.detach().float() if isinstance(value, torch.Tensor) else torch.tensor(float(value))
            self._sums.setdefault(name, []).append(value)

    def report(self, **values: float) -> dict[str, float]:
        line = {"images": self.images, "minutes": round(self.seconds / 60, 2)}
        line |= {name: float(f"{torch.stack(v).mean():.5g}") for name, v in self._sums.items()}
        line |= values
        self._sums.clear()
        self.reported = self.seconds
        with self.log_path.open("a") as log:
            log.write(json.dumps(line) + "\n")
        print(self.stage, *(f"{k} {v}" for k, v in line.items()), flush=True)
        draw_curves(self.folder, self.folder / "curves.png")
        return line


class Average:
    """Exponential moving average of a network's parameters; buffers are copied."""

    def __init__(self, net: nn.Module, half_life: int):
        self.net = copy.deepcopy(net).eval().requires_grad_(False)
        self.half_life = half_life

    @torch.no_grad()
    def update(self, net: nn.Module, batch: int, images: int) -> None:
        # At the start the average is as short as the history, so that it does not remember the random weights.
        half_life = min(self.half_life, max(images * 0.05, batch))
        keep = 0.5 ** (batch / half_life)
        for mean, value in zip(self.net.parameters(), net.parameters()):
            mean.lerp_(value, 1 - keep)
        for mean, value in zip(self.net.buffers(), net.buffers()):
            mean.copy_(value)

    def state_dict(self) -> dict:
        return self.net.state_dict()

    def load_state_dict(self, state: dict) -> None:
        self.net.load_state_dict(state)


def half_precision(device: str, enabled: bool) -> torch.autocast:
    return torch.autocast(torch.device(device).type, dtype=torch.bfloat16, enabled=enabled)


def compiled(net: Callable[..., torch.Tensor], enabled: bool) -> Callable[..., torch.Tensor]:
    """The network, fused by torch.compile where that is asked for: two to three times the speed after a minute."""
    if not enabled:
        return net
    torch._dynamo.config.suppress_errors = True  # without a working compiler it runs as it is
    torch._dynamo.config.recompile_limit = 64  # each resolution, fading or not, for each network's step
    return torch.compile(net, dynamic=False)


def every(run: Run, images: int, batch: int) -> bool:
    """True once in each `images` images, and at most fifty times within the minutes of a stage."""
    if run.budget.minutes and run.seconds - run.reported < 1.2 * run.budget.minutes:
        return False
    return run.images // images != (run.images - batch) // images
