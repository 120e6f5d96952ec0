"""Progress of an inversion: the library calls back after each step, with the GIL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import _native
from ._result import Progress, losses_of

#: False to show nothing, True for a bar (where tqdm is installed), or a function that may return False to stop.
ProgressOption = bool | Callable[[Progress], object]

_GO_ON, _STOP_ALL = 0, 2


class Observer:
    """Hands steps to a bar or a function, and keeps what they raise until the library has returned.

    An exception cannot pass through the library: it ends the inversion with the best codes so far and is raised afterwards.
    That goes for KeyboardInterrupt, too, which Python raises here because the library runs no Python code.
    """

    def __init__(self, option: ProgressOption, code_shape: tuple[int, int]) -> None:
        self.raised: BaseException | None = None
        self._code_shape = code_shape
        self._function = option if callable(option) else None
        self._bar = _bar() if option is True else None
        self._done: dict[int, int] = {}
        self.handler = _native.ProgressHandler(self._observe)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()

    def _observe(self, native: Any, user: Any) -> int:
        del user
        try:
            progress = native.contents
            if self._bar is not None:
                self._show(progress)
            if self._function is not None and self._function(self._copied(progress)) is False:
                return _STOP_ALL
        except BaseException as error:
            self.raised = error
            return _STOP_ALL
        return _GO_ON

    def _copied(self, native: Any) -> Progress:
        code = np.ctypeslib.as_array(native.best_code, self._code_shape).copy()
        return Progress(
            native.image,
            native.image_count,
            native.step,
            native.planned_steps,
            losses_of(native.losses),
            native.seconds,
            code,
        )

    def _show(self, native: Any) -> None:
        self._done[native.image] = native.step
        assert self._bar is not None
        self._bar.total = native.planned_steps * native.image_count
        self._bar.set_postfix_str(f"loss {native.losses.total:.4f}", refresh=False)
        self._bar.update(1)


def _bar() -> Any:
    try:
        from tqdm.auto import tqdm  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        return None
    return tqdm(desc="invert", unit="step")
