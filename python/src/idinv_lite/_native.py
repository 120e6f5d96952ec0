"""The C library: structures of idinv.h, prototypes, and contexts whose errors become exceptions."""

from __future__ import annotations

import ctypes
import os
import threading
import weakref
from collections.abc import Callable
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    byref,
    c_char_p,
    c_double,
    c_float,
    c_int32,
    c_size_t,
    c_uint32,
    c_uint64,
    c_void_p,
)
from typing import Any

import numpy as np
import numpy.typing as npt

from ._errors import IdinvError, error_of
from ._places import library

ABI = 1

Floats = npt.NDArray[np.float32]


class EngineOptions(Structure):
    _fields_ = [("size", c_size_t), ("threads", c_int32), ("arithmetic", c_int32), ("memory_budget", c_uint64)]


class Image(Structure):
    _fields_ = [("pixels", c_void_p), ("width", c_int32), ("height", c_int32), ("stride", c_size_t)]


class Info(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("resolution", c_int32),
        ("layer_count", c_int32),
        ("dimension", c_int32),
        ("latent_dimension", c_int32),
        ("attribute_count", c_int32),
        ("parts", c_uint32),
        ("byte_count", c_uint64),
    ]


class Losses(Structure):
    _fields_ = [("pixel", c_float), ("perceptual", c_float), ("domain", c_float), ("total", c_float)]


class Progress(Structure):
    _fields_ = [
        ("image", c_int32),
        ("image_count", c_int32),
        ("step", c_int32),
        ("planned_steps", c_int32),
        ("losses", Losses),
        ("seconds", c_double),
        ("best_code", POINTER(c_float)),
    ]


ProgressHandler = CFUNCTYPE(c_int32, POINTER(Progress), c_void_p)


class InversionOptions(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("steps", c_int32),
        ("optimizer", c_int32),
        ("learning_rate", c_float),
        ("perceptual_weight", c_float),
        ("domain_weight", c_float),
        ("start", c_int32),
        ("start_code", c_void_p),
        ("space", c_int32),
        ("patience", c_int32),
        ("budget_seconds", c_double),
        ("target_psnr", c_double),
        ("batch", c_int32),
        ("crop", c_int32),
        ("progress", ProgressHandler),
        ("user", c_void_p),
    ]


class Outcome(Structure):
    _fields_ = [
        ("status", c_int32),
        ("message", c_char_p),
        ("stop_reason", c_int32),
        ("best_step", c_int32),
        ("step_count", c_size_t),
        ("losses", POINTER(Losses)),
    ]


class Result(Structure):
    _fields_ = [
        ("count", c_size_t),
        ("layer_count", c_int32),
        ("dimension", c_int32),
        ("codes", POINTER(c_float)),
        ("start_codes", POINTER(c_float)),
        ("outcomes", POINTER(Outcome)),
    ]


class Square(Structure):
    _fields_ = [("size", c_int32), ("center_x", c_int32), ("center_y", c_int32)]


class Boundary(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("name", c_char_p),
        ("layer_count", c_int32),
        ("dimension", c_int32),
        ("normal", c_void_p),
        ("layers", c_void_p),
        ("moved_layer_count", c_size_t),
        ("distance_deviation", c_double),
        ("bias", c_double),
        ("training_accuracy", c_double),
        ("validation_accuracy", c_double),
        ("remaining_accuracy", c_double),
        ("correlation", c_double),
    ]


class TrainingOptions(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("ratio", c_double),
        ("split", c_double),
        ("cost", c_double),
        ("loss", c_int32),
        ("seed", c_uint32),
        ("layers", c_void_p),
        ("layer_count", c_size_t),
        ("is_per_layer", c_int32),
        ("conditions", c_void_p),
        ("condition_count", c_size_t),
    ]


class ConversionOptions(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("generator", c_char_p),
        ("encoder", c_char_p),
        ("perceptual", c_char_p),
        ("attributes", c_char_p),
        ("weights", c_int32),
        ("perceptual_input", c_int32),
        ("perceptual_layers", c_int32),
        ("lacks_final_tanh", c_int32),
        ("encoder_wscale", c_int32),
        ("ignore_unknown", c_int32),
        ("truncation_psi", c_void_p),
        ("truncation_layers", c_void_p),
        ("pixel_minimum", c_float),
        ("pixel_maximum", c_float),
        ("licence", c_char_p),
        ("note", c_char_p),
        ("files", POINTER(c_char_p)),
        ("file_count", c_size_t),
    ]


# Names, results and arguments of all functions; every pointer is a void pointer, as ctypes takes `byref` and arrays for one.
_PROTOTYPES: dict[str, tuple[Any, list[Any]]] = {
    "idinv_version": (c_char_p, []),
    "idinv_abi": (c_int32, []),
    "idinv_create": (c_void_p, [c_void_p]),
    "idinv_destroy": (None, [c_void_p]),
    "idinv_error_code": (c_int32, [c_void_p]),
    "idinv_error_text": (c_size_t, [c_void_p, c_char_p, c_size_t]),
    "idinv_error_path": (c_size_t, [c_void_p, c_char_p, c_size_t]),
    "idinv_release": (None, [c_void_p]),
    "idinv_open": (c_int32, [c_void_p, c_char_p]),
    "idinv_close": (None, [c_void_p]),
    "idinv_get_info": (c_int32, [c_void_p, c_void_p]),
    "idinv_describe": (c_int32, [c_void_p, c_void_p]),
    "idinv_read_image": (c_int32, [c_void_p, c_char_p, c_void_p]),
    "idinv_read_fitted": (c_int32, [c_void_p, c_char_p, c_int32, c_void_p]),
    "idinv_write_image": (c_int32, [c_void_p, c_void_p, c_char_p]),
    "idinv_encode": (c_int32, [c_void_p, c_void_p, c_size_t, c_int32, c_void_p]),
    "idinv_synthesize": (c_int32, [c_void_p, c_void_p, c_size_t, c_void_p]),
    "idinv_sample": (c_int32, [c_void_p, c_void_p, c_size_t, c_void_p, c_void_p]),
    "idinv_invert": (c_int32, [c_void_p, c_void_p, c_size_t, c_void_p, c_void_p]),
    "idinv_diffuse": (c_int32, [c_void_p, c_void_p, c_void_p, c_void_p, c_void_p, c_void_p]),
    "idinv_result_free": (None, [c_void_p]),
    "idinv_manipulate": (
        c_int32,
        [c_void_p, c_void_p, c_size_t, c_void_p, c_void_p, c_size_t, c_void_p, c_size_t, c_void_p],
    ),
    "idinv_interpolate": (c_int32, [c_void_p, c_void_p, c_void_p, c_int32, c_void_p]),
    "idinv_mix": (c_int32, [c_void_p, c_void_p, c_size_t, c_void_p, c_void_p, c_size_t, c_void_p]),
    "idinv_boundary_read": (c_int32, [c_void_p, c_char_p, c_void_p]),
    "idinv_boundary_write": (c_int32, [c_void_p, c_void_p, c_char_p]),
    "idinv_boundary_train": (
        c_int32,
        [c_void_p, c_char_p, c_void_p, c_size_t, c_int32, c_int32, c_void_p, c_void_p, c_void_p],
    ),
    "idinv_boundary_free": (None, [c_void_p]),
    "idinv_draw_samples": (c_int32, [c_void_p, c_size_t, c_uint32, c_void_p, c_void_p, c_void_p]),
    "idinv_convert": (c_int32, [c_void_p, c_void_p, c_char_p, c_void_p]),
}


def _load() -> ctypes.CDLL:
    path = library()
    loaded = ctypes.CDLL(os.fspath(path))
    for name, (result, arguments) in _PROTOTYPES.items():
        function = getattr(loaded, name)
        function.restype = result
        function.argtypes = arguments
    found = int(loaded.idinv_abi())
    if found != ABI:
        raise ImportError(f"{path}: expected interface {ABI} of idinv.h, found {found}")
    return loaded


lib = _load()


def library_version() -> str:
    """Version of the library, as "0.1.0"."""
    text: bytes = lib.idinv_version()
    return text.decode()


class Context:
    """A context of the library. Calls from several threads take turns, so that each reads its own error."""

    def __init__(self, options: EngineOptions | None = None) -> None:
        self.handle: int | None = lib.idinv_create(byref(options) if options is not None else None)
        if self.handle is None:
            raise MemoryError("idinv_create")
        self._lock = threading.RLock()
        # Runs at exit, too: when modules are gone, nothing may be called any more.
        self._finalizer = weakref.finalize(self, lib.idinv_destroy, self.handle)
        _contexts.add(self)

    def close(self) -> None:
        """Frees the context; later calls raise."""
        with self._lock:
            self._finalizer()
            self.handle = None

    def call(self, function: Callable[..., int], *arguments: Any) -> None:
        """Calls a function of the library without the GIL.

        Raises:
            IdinvError: where it fails.
        """
        with self._lock:
            if self.handle is None:
                raise error_of(64, "model: expected an open one; this one was closed")
            status = function(self.handle, *arguments)
            if status != 0:
                raise self._error(status)

    def _error(self, status: int) -> IdinvError:
        def text(function: Callable[..., int]) -> str:
            buffer = ctypes.create_string_buffer(function(self.handle, None, 0) + 1)
            function(self.handle, buffer, len(buffer))
            return buffer.value.decode("utf-8", "replace")

        return error_of(status, text(lib.idinv_error_text), text(lib.idinv_error_path) or None)

    def after_fork(self) -> None:
        """A thread of the parent may have held the lock; the library itself tells whether it was computing."""
        self._lock = threading.RLock()


_contexts: weakref.WeakSet[Context] = weakref.WeakSet()


def _after_fork() -> None:
    for context in list(_contexts):
        context.after_fork()


os.register_at_fork(after_in_child=_after_fork)


def taken_floats(pointer: Any, shape: tuple[int, ...]) -> Floats:
    """A copy of an array that the library has allocated, which is freed."""
    count = int(np.prod(shape, dtype=np.int64))
    try:
        return np.frombuffer(ctypes.string_at(pointer, 4 * count), dtype=np.float32).reshape(shape).copy()
    finally:
        lib.idinv_release(pointer)


def taken_text(pointer: Any) -> str:
    """A copy of a text that the library has allocated, which is freed."""
    try:
        return ctypes.string_at(pointer).decode()
    finally:
        lib.idinv_release(pointer)


def address(array: npt.NDArray[Any]) -> int:
    """Where the elements of a contiguous array begin."""
    return int(array.ctypes.data)
