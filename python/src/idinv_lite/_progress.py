"""Progress of an inversion: the library calls back after each step, with the GIL."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
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
    Ctrl-C only sets a flag meanwhile: KeyboardInterrupt could come up outside of all that catches it here.
    """

    def __init__(self, option: ProgressOption, code_shape: tuple[int, int]) -> None:
        self.raised: BaseException | None = None
        self.is_interrupted = False
        self._code_shape = code_shape
        self._function = option if callable(option) else None
        self._bar = _bar() if option is True else None
        self._former: Any = None
        self.handler = _native.ProgressHandler(self._observe)

    def __enter__(self) -> Observer:
        is_main = threading.current_thread() is threading.main_thread()
        # A program with a handler of its own knows what it wants.
        if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._former = signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._former is not None:
            signal.signal(signal.SIGINT, self._former)
        if self._bar is not None:
            self._bar.close()

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.is_interrupted = True

    def _observe(self, native: Any, user: Any) -> int:
        del user
        if self.is_interrupted:
            return _STOP_ALL
        try:
            progress = native.contents
            if self._bar is not None:
                self._show(progress)
            if self._function is not None and self._function(self._copied(progress)) is False:
                return _STOP_ALL
        except KeyboardInterrupt:
            self.is_interrupted = True
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
