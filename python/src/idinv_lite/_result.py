"""What an inversion gives."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _native
from ._errors import IdinvError, error_of

STOP_REASONS = ("steps", "budget", "target", "patience", "converged", "interrupted")


@dataclass(frozen=True)
class Losses:
    """The objective's value term by term: means of squares; 0 where a term is off."""

    pixel: float
    perceptual: float
    domain: float
    #: The weighted sum.
    total: float


@dataclass(frozen=True)
class Progress:
    """What a progress handler is told after each step of each image."""

    image: int
    image_count: int
    step: int
    planned_steps: int
    losses: Losses
    #: Of this step.
    seconds: float
    #: The best code so far, float32 [L, D].
    best_code: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Outcome:
    """How the inversion of one image went."""

    #: Why it ended: steps, budget, target, patience, converged or interrupted.
    stop_reason: str
    #: float32 [steps, 4]: pixel, perceptual, domain and total loss of each step.
    losses: npt.NDArray[np.float32]
    #: The step that evaluated the best code; 0 without any.
    best_step: int
    #: Why there is no code; None where there is one.
    error: IdinvError | None = None

    @property
    def steps(self) -> int:
        """Steps that were made."""
        return len(self.losses)


@dataclass(frozen=True)
class Inversion:
    """Codes of images: row i belongs to image i."""

    #: float32 [N, L, D]; not-a-number for an image that failed.
    codes: npt.NDArray[np.float32]
    #: What the optimization started from, float32 [N, L, D].
    start_codes: npt.NDArray[np.float32]
    outcomes: list[Outcome]

    @property
    def failures(self) -> dict[int, IdinvError]:
        """The images that failed, and why."""
        return {index: outcome.error for index, outcome in enumerate(self.outcomes) if outcome.error is not None}


def losses_of(native: Any) -> Losses:
    return Losses(native.pixel, native.perceptual, native.domain, native.total)


def taken_result(pointer: Any) -> Inversion:
    """A copy of the library's result, which is freed."""
    try:
        result = pointer.contents
        shape = (result.count, result.layer_count, result.dimension)
        return Inversion(
            codes=_copied(result.codes, shape),
            start_codes=_copied(result.start_codes, shape),
            outcomes=[_outcome(result.outcomes[index]) for index in range(result.count)],
        )
    finally:
        _native.lib.idinv_result_free(pointer)


def _outcome(native: Any) -> Outcome:
    if native.status != 0:
        error = error_of(native.status, native.message.decode("utf-8", "replace"))
        return Outcome("interrupted", np.zeros((0, 4), np.float32), 0, error)
    return Outcome(
        STOP_REASONS[native.stop_reason], _copied(native.losses, (native.step_count, 4)), native.best_step
    )


def _copied(pointer: Any, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    count = int(np.prod(shape, dtype=np.int64))
    if count == 0:
        return np.zeros(shape, np.float32)
    data = ctypes.string_at(ctypes.cast(pointer, ctypes.c_void_p), 4 * count)
    return np.frombuffer(data, dtype=np.float32).reshape(shape).copy()
