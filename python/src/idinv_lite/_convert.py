"""Checkpoints → one model file."""

from __future__ import annotations

import json
import os
from ctypes import addressof, byref, c_char_p, c_float, c_int32, c_void_p, sizeof
from typing import Any

from . import _native
from ._errors import InvalidArgumentError
from ._native import lib

_WEIGHTS = ("f16", "f32", "int8")
_INPUTS = ("auto", "caffe", "torchvision")

Path = str | os.PathLike[str]


def convert(
    output: Path,
    *files: Path,
    generator: Path | None = None,
    encoder: Path | None = None,
    perceptual: Path | None = None,
    attributes: Path | None = None,
    weights: str = "f16",
    perceptual_input: str = "auto",
    perceptual_layers: int | None = None,
    final_tanh: bool = True,
    encoder_wscale: bool = False,
    truncation_psi: float | None = None,
    truncation_layers: int | None = None,
    pixel_range: tuple[float, float] = (-1.0, 1.0),
    ignore_unknown: bool = False,
    licence: str = "",
    note: str = "",
) -> dict[str, Any]:
    """Turns trained checkpoints into one model file.

    Args:
        output: the model file (.idinv), written whole or not at all.
        files: checkpoints whose networks are recognized.
        generator, encoder, perceptual, attributes: checkpoints of a part; what is given here wins.
        weights: how weights are stored: f16, f32 or int8.
        perceptual_input: what the perceptual network was trained on: caffe, torchvision, or auto for what its names tell.

    Returns:
        What was found, inferred and ignored, with the SHA-256 of sources and result.

    Raises:
        MissingFileError, BadDataError, InvalidArgumentError, InputOutputError.
    """
    options = _native.ConversionOptions(size=sizeof(_native.ConversionOptions))
    parts = {"generator": generator, "encoder": encoder, "perceptual": perceptual, "attributes": attributes}
    for name, path in parts.items():
        if path is not None:
            setattr(options, name, os.fsencode(path))
    encoded = [os.fsencode(path) for path in files]
    options.files, options.file_count = (c_char_p * max(1, len(encoded)))(*encoded), len(encoded)
    options.weights = index_of(weights, _WEIGHTS, "weights")
    options.perceptual_input = index_of(perceptual_input, _INPUTS, "perceptual_input")
    options.perceptual_layers = perceptual_layers or 0
    options.lacks_final_tanh = not final_tanh
    options.encoder_wscale = encoder_wscale
    options.ignore_unknown = ignore_unknown
    kept: list[Any] = []
    if truncation_psi is not None:
        kept.append(c_float(truncation_psi))
        options.truncation_psi = addressof(kept[-1])
    if truncation_layers is not None:
        kept.append(c_int32(truncation_layers))
        options.truncation_layers = addressof(kept[-1])
    options.pixel_minimum, options.pixel_maximum = pixel_range
    options.licence = licence.encode()
    options.note = note.encode()
    context = _native.Context()
    report = c_void_p()
    context.call(lib.idinv_convert, byref(options), os.fsencode(output), byref(report))
    text: dict[str, Any] = json.loads(_native.taken_text(report))
    context.close()
    return text


def index_of(value: str, choices: tuple[str, ...], name: str) -> int:
    """The number of a choice in idinv.h."""
    if value not in choices:
        raise InvalidArgumentError(f"{name}: expected one of {', '.join(choices)}, found {value!r}")
    return choices.index(value)
