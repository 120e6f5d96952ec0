"""Semantic boundaries: directions in the latent space that change an attribute."""

from __future__ import annotations

import ctypes
import math
import os
from collections.abc import Sequence
from ctypes import POINTER, byref, sizeof
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import _native
from ._convert import index_of
from ._errors import InvalidArgumentError
from ._native import lib

if TYPE_CHECKING:
    from ._model import Model

_LOSSES = ("hinge", "squared-hinge")


@dataclass(frozen=True)
class Boundary:
    """A hyperplane with one value of an attribute on each side (Shen et al., CVPR 2020)."""

    name: str
    #: n, float32 [L, D], of length 1 as a whole or in each layer.
    normal: npt.NDArray[np.float32]
    #: The layers that it moves; None for all.
    layers: tuple[int, ...] | None = None
    #: Standard deviation of codes' distances: what distances are to be compared with; None where unknown.
    distance_deviation: float | None = None
    #: Of trained boundaries: b of the signed distance n·z + b, and how well it tells the samples apart.
    bias: float | None = None
    training_accuracy: float | None = None
    validation_accuracy: float | None = None
    remaining_accuracy: float | None = None
    correlation: float | None = None

    @classmethod
    def read(cls, path: str | os.PathLike[str], model: Model) -> Boundary:
        """Reads a boundary of a model: `.npy`, with or without its `.json` beside it, or a published pickle.

        Raises:
            MissingFileError, BadDataError, InputOutputError.
        """
        pointer = POINTER(_native.Boundary)()
        model._context.call(lib.idinv_boundary_read, os.fsencode(path), byref(pointer))
        return _taken(pointer)

    @classmethod
    def train(
        cls,
        codes: npt.ArrayLike,
        scores: npt.ArrayLike,
        *,
        name: str = "attribute",
        ratio: float = 0.02,
        split: float = 0.7,
        cost: float = 1.0,
        loss: str = "hinge",
        seed: int = 0,
        layers: Sequence[int] | None = None,
        per_layer: bool = False,
        conditions: Sequence[Boundary] = (),
    ) -> Boundary:
        """Learns the boundary of an attribute with a linear support vector machine.

        Args:
            codes: [N, L, D].
            scores: [N], larger for more of the attribute.
            ratio: share of all samples that is taken on each side; `split` of those are learned from.
            per_layer: learn each layer apart, with a normal of length 1.
            conditions: boundaries of attributes that are to stay as they are.

        Raises:
            InvalidArgumentError; BadDataError where nothing can be learned from the samples.
        """
        samples = np.ascontiguousarray(codes, dtype=np.float32)
        values = np.ascontiguousarray(scores, dtype=np.float32)
        if samples.ndim != 3 or values.shape != samples.shape[:1]:
            raise InvalidArgumentError(
                f"boundary: expected codes [N, L, D] and scores [N], found {list(samples.shape)} and {list(values.shape)}"
            )
        options = _native.TrainingOptions(size=sizeof(_native.TrainingOptions))
        options.ratio, options.split, options.cost = ratio, split, cost
        options.loss = index_of(loss, _LOSSES, "loss")
        options.seed = seed
        options.is_per_layer = per_layer
        chosen = layer_array(layers)
        if chosen is not None:
            options.layers, options.layer_count = _native.address(chosen), len(chosen)
        kept = NativeBoundaries(conditions)
        if conditions:
            options.conditions, options.condition_count = ctypes.addressof(kept.pointers), len(conditions)
        context = _native.Context()
        pointer = POINTER(_native.Boundary)()
        count, layer_count, dimension = samples.shape
        context.call(
            lib.idinv_boundary_train,
            name.encode(),
            _native.address(samples),
            count,
            layer_count,
            dimension,
            _native.address(values),
            byref(options),
            byref(pointer),
        )
        context.close()
        return _taken(pointer)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the normal to a `.npy` file, and what is known about it to the `.json` file of the same name.

        Raises:
            InputOutputError, InvalidArgumentError.
        """
        context = _native.Context()
        natives = NativeBoundaries([self])
        context.call(lib.idinv_boundary_write, byref(natives.structures[0]), os.fsencode(path))
        context.close()


class NativeBoundaries:
    """The library's structures for boundaries, with the arrays that they refer to."""

    def __init__(self, boundaries: Sequence[Boundary]) -> None:
        self._kept: list[Any] = []
        self.structures = [self._structure(boundary) for boundary in boundaries]
        self.pointers = (ctypes.c_void_p * max(1, len(boundaries)))(
            *[ctypes.addressof(structure) for structure in self.structures]
        )

    def _structure(self, boundary: Boundary) -> _native.Boundary:
        normal = np.ascontiguousarray(boundary.normal, dtype=np.float32)
        if normal.ndim != 2:
            raise InvalidArgumentError(
                f"boundary '{boundary.name}': expected a normal [L, D], found {list(normal.shape)}"
            )
        layers = layer_array(boundary.layers)
        self._kept += [normal, layers]
        structure = _native.Boundary(size=sizeof(_native.Boundary))
        structure.name = boundary.name.encode()
        structure.layer_count, structure.dimension = normal.shape
        structure.normal = _native.address(normal)
        if layers is not None:
            structure.layers, structure.moved_layer_count = _native.address(layers), len(layers)
        structure.distance_deviation = boundary.distance_deviation or 0
        return structure


def layer_array(layers: Sequence[int] | None) -> npt.NDArray[np.int32] | None:
    return None if layers is None else np.ascontiguousarray(list(layers), dtype=np.int32)


def _taken(pointer: Any) -> Boundary:
    """A copy of the library's boundary, which is freed."""

    def known(value: float) -> float | None:
        return None if math.isnan(value) else value

    try:
        native = pointer.contents
        count = native.layer_count * native.dimension
        normal = np.frombuffer(ctypes.string_at(native.normal, 4 * count), dtype=np.float32)
        layers = np.frombuffer(ctypes.string_at(native.layers, 4 * native.moved_layer_count), dtype=np.int32)
        is_trained = not math.isnan(native.training_accuracy)
        return Boundary(
            name=native.name.decode("utf-8", "replace"),
            normal=normal.reshape(native.layer_count, native.dimension).copy(),
            layers=tuple(int(layer) for layer in layers),
            distance_deviation=native.distance_deviation or None,
            bias=native.bias if is_trained else None,
            training_accuracy=known(native.training_accuracy),
            validation_accuracy=known(native.validation_accuracy),
            remaining_accuracy=known(native.remaining_accuracy),
            correlation=known(native.correlation),
        )
    finally:
        lib.idinv_boundary_free(pointer)
