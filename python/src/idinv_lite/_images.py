"""Pictures in all the forms that people have them in."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from ctypes import byref
from typing import Any, Union

import numpy as np
import numpy.typing as npt

from . import _native
from ._errors import BadDataError, IdinvError, InvalidArgumentError, error_of
from ._native import lib

Pixels = npt.NDArray[np.uint8]

#: A picture file: its path or its bytes.
PictureFile = Union[str, "os.PathLike[str]", bytes]

#: One picture or several: paths, bytes of picture files, PIL images, arrays (NumPy's, or of anything with `__array__` or
#: DLPack, such as PyTorch's).
Images = Union[str, "os.PathLike[str]", Any, Sequence[Any]]


def read_image(path: str | os.PathLike[str]) -> Pixels:
    """Reads a whole picture file (PNG, JPEG or WebP), upright and in sRGB: uint8 [height, width, 3].

    Raises:
        MissingFileError, InputOutputError, BadDataError.
    """
    context = _native.Context()
    image = _native.Image()
    try:
        context.call(lib.idinv_read_image, os.fsencode(path), byref(image))
        return _taken(image)
    finally:
        context.close()


def _taken(image: _native.Image) -> Pixels:
    """A copy of a picture that the library has allocated, which is freed."""
    try:
        count = 3 * image.width * image.height
        pixels = np.frombuffer(ctypes.string_at(image.pixels, count), dtype=np.uint8)
        return pixels.reshape(image.height, image.width, 3).copy()
    finally:
        lib.idinv_release(image.pixels)


def write_image(image: Any, path: str | os.PathLike[str]) -> None:
    """Writes one picture to a PNG file, whole or not at all.

    Raises:
        InputOutputError, InvalidArgumentError.
    """
    ending = os.path.splitext(os.fsdecode(path))[1].lower()
    if ending in {".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"}:
        raise InvalidArgumentError(f"{os.fsdecode(path)}: expected a name ending in .png, which is what is written")
    pixels = one_picture(image, "image")
    context = _native.Context()
    structures = native_images([pixels])
    context.call(lib.idinv_write_image, structures, os.fsencode(path))
    context.close()


class PictureReader:
    """Pictures as uint8 [height, width, 3] each. Files are read as the command reads them: fitted to a model."""

    def __init__(self, context: _native.Context, crop: int) -> None:
        self._context = context
        self._crop = crop

    def all(self, images: Images) -> list[Pixels]:
        """All pictures of an argument."""
        if isinstance(images, (str, os.PathLike, bytes)) or _is_pil(images):
            return [self.one(images, "image")]
        if _is_array(images):
            array = _array(images)
            if array.ndim == 4:
                return [_pixels(picture, f"image {index}") for index, picture in enumerate(array)]
            return [_pixels(array, "image")]
        try:
            entries = list(images)
        except TypeError:
            raise InvalidArgumentError(
                f"images: expected paths, PIL images or arrays, found {type(images).__name__}"
            ) from None
        return [self.one(entry, f"image {index}") for index, entry in enumerate(entries)]

    def one(self, image: Any, name: str) -> Pixels:
        """One picture."""
        if isinstance(image, (str, os.PathLike, bytes)):
            return self.file(image, name)
        return one_picture(image, name)

    def file(self, file: PictureFile, name: str) -> Pixels:
        """One picture file, fitted to the model."""
        return self._of_bytes(file, name) if isinstance(file, bytes) else self._of_file(os.fsencode(file))

    def _of_file(self, path: bytes) -> Pixels:
        native = _native.Image()
        self._context.call(lib.idinv_read_fitted, path, self._crop, byref(native))
        return _taken(native)

    def _of_bytes(self, contents: bytes, name: str) -> Pixels:
        """A picture file that is in memory already: the library reads it through a file that lies nowhere else."""
        descriptor = os.memfd_create("idinv-picture")
        try:
            with os.fdopen(os.dup(descriptor), "wb") as file:
                file.write(contents)
            path = f"/proc/self/fd/{descriptor}"
            try:
                return self._of_file(path.encode())
            except IdinvError as error:
                raise error_of(error.status, error.reason.replace(path, name)) from None
        finally:
            os.close(descriptor)


def one_picture(image: Any, name: str) -> Pixels:
    """One picture in memory as uint8 [height, width, 3]."""
    if _is_pil(image):
        return np.ascontiguousarray(np.asarray(image.convert("RGB")))
    if _is_array(image):
        return _pixels(_array(image), name)
    raise InvalidArgumentError(f"{name}: expected a path, a PIL image or an array, found {type(image).__name__}")


def native_images(pixels: list[Pixels]) -> Any:
    """The library's structures. They refer to the arrays, which must live as long."""
    structures = (_native.Image * max(1, len(pixels)))()
    for structure, picture in zip(structures, pixels):
        structure.pixels = _native.address(picture)
        structure.height, structure.width = picture.shape[:2]
    return structures


def _is_pil(value: Any) -> bool:
    return hasattr(value, "convert") and hasattr(value, "getbands")


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) or hasattr(value, "__array__") or hasattr(value, "__dlpack__")


def _array(value: Any) -> npt.NDArray[Any]:
    if isinstance(value, np.ndarray):
        return value
    # A PyTorch tensor that is part of a computation.
    if hasattr(value, "detach"):
        value = value.detach()
    try:
        return np.asarray(value) if hasattr(value, "__array__") else np.from_dlpack(value)
    except Exception as error:
        raise InvalidArgumentError(f"image: expected an array in the computer's memory: {error}") from error


def _pixels(array: npt.NDArray[Any], name: str) -> Pixels:
    """An array as bytes: uint8 in either order of axes, or floats in [-1, 1], as models take and make them."""
    is_last = array.ndim == 3 and array.shape[2] == 3
    is_first = array.ndim == 3 and array.shape[0] == 3 and not (is_last and array.dtype == np.uint8)
    if not (is_last or is_first) or array.size == 0:
        raise InvalidArgumentError(f"{name}: expected an array [H, W, 3] or [3, H, W], found {list(array.shape)}")
    if is_first:
        array = array.transpose(1, 2, 0)
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    if not np.issubdtype(array.dtype, np.floating):
        raise InvalidArgumentError(f"{name}: expected uint8, or floats from -1 to 1, found {array.dtype}")
    low, high = float(array.min()), float(array.max())
    if not (low >= -1.01 and high <= 1.01):
        raise BadDataError(f"{name}: expected uint8, or floats from -1 to 1, found floats from {low:.3g} to {high:.3g}")
    scaled = (array.astype(np.float32) + np.float32(1)) * np.float32(127.5)
    return np.ascontiguousarray(np.floor(np.clip(scaled, 0, 255) + np.float32(0.5)).astype(np.uint8))
