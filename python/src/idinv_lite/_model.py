"""A model: images to codes, codes to images, and edits."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from ctypes import POINTER, addressof, byref, c_float, c_void_p, sizeof
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _native
from ._boundary import Boundary, NativeBoundaries, layer_array
from ._convert import index_of
from ._errors import IdinvError, Interrupted, InvalidArgumentError
from ._images import Images, PictureFile, PictureReader, native_images
from ._native import Floats, lib
from ._places import default_model
from ._progress import Observer, ProgressOption
from ._result import Inversion, taken_result

_ARITHMETIC = ("auto", "f32", "f16", "int8")
_OPTIMIZERS = ("auto", "adam")
_SPACES = ("w+", "w")
_CROPS = ("none", "center")


@dataclass(frozen=True)
class ModelInfo:
    """What a model file holds."""

    path: str
    byte_count: int
    #: Side of the square images in pixels.
    resolution: int
    #: L and D of codes [N, L, D].
    layer_count: int
    dimension: int
    latent_dimension: int
    has_generator: bool
    has_encoder: bool
    has_perceptual_network: bool
    has_curvature: bool
    attribute_names: tuple[str, ...]
    precision: str
    licence: str
    note: str
    #: The files that went into the model: part, file, byte_count, sha256.
    sources: tuple[dict[str, Any], ...]


class Model:
    """The networks of a model file.

    A model may be used from several threads; their calls take turns. The GIL is released while it computes.
    """

    def __init__(self, context: _native.Context) -> None:
        self._context = context
        text = c_void_p()
        context.call(lib.idinv_describe, byref(text))
        facts: dict[str, Any] = json.loads(_native.taken_text(text))
        facts.pop("specification")
        facts["attribute_names"] = tuple(facts["attribute_names"])
        facts["sources"] = tuple(facts["sources"])
        self.info = ModelInfo(**facts)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str] | None = None,
        *,
        threads: int = 0,
        arithmetic: str = "auto",
        memory_budget: int | None = None,
    ) -> Model:
        """Opens a model file.

        Args:
            path: the file (.idinv); None for that of the environment's IDINV_MODEL, else the shipped one.
            threads: 0 for one per physical core that this process may use.
            arithmetic: auto (the fastest that shows no difference), f32, f16 or int8.
            memory_budget: most bytes of the process; None for what the system has left.

        Raises:
            MissingFileError, BadDataError, UnavailableError, InvalidArgumentError.
        """
        options = _native.EngineOptions(size=sizeof(_native.EngineOptions), threads=threads)
        options.arithmetic = index_of(arithmetic, _ARITHMETIC, "arithmetic")
        options.memory_budget = memory_budget or 0
        context = _native.Context(options)
        context.call(lib.idinv_open, os.fsencode(default_model() if path is None else path))
        return cls(context)

    def close(self) -> None:
        """Frees the model's memory; later calls raise."""
        self._context.close()

    def __enter__(self) -> Model:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        info = self.info
        return f"<idinv_lite.Model {info.path}: {info.resolution} px, codes [{info.layer_count}, {info.dimension}]>"

    # ---- Codes and images

    def read_images(self, files: PictureFile | Sequence[PictureFile], *, crop: str = "none") -> npt.NDArray[np.uint8]:
        """Reads picture files as the networks see them: upright, in sRGB and of the model's size, uint8 [N, R, R, 3].

        Args:
            files: paths, or the bytes of picture files; one or several.
            crop: what to do with pictures that are not square: none (refuse them) or center.

        Raises:
            MissingFileError, InputOutputError, BadDataError.
        """
        reader = PictureReader(self._context, index_of(crop, _CROPS, "crop"))
        side = self.info.resolution
        listed = [files] if isinstance(files, (str, os.PathLike, bytes)) else list(files)
        pictures = [reader.file(file, f"image {index}") for index, file in enumerate(listed)]
        return np.stack(pictures) if pictures else np.zeros((0, side, side, 3), np.uint8)

    def encode(self, images: Images, *, crop: str = "none") -> Floats:
        """The encoder's codes of images, without refinement: float32 [N, L, D].

        Args:
            images: paths, PIL images or arrays; one or several. Other sizes than the model's are resampled.
            crop: what to do with images that are not square: none (refuse them) or center.
        """
        cropping = index_of(crop, _CROPS, "crop")
        pixels = PictureReader(self._context, cropping).all(images)
        codes = c_void_p()
        self._context.call(lib.idinv_encode, native_images(pixels), len(pixels), cropping, byref(codes))
        return _native.taken_floats(codes, (len(pixels), *self._code_shape))

    def synthesize(self, codes: npt.ArrayLike) -> npt.NDArray[np.uint8]:
        """The images of codes [..., L, D]: uint8 [..., R, R, 3]."""
        values = self._codes(codes, "codes")
        side = self.info.resolution
        pixels = c_void_p()
        count = values.size // (values.shape[-2] * values.shape[-1])
        self._context.call(lib.idinv_synthesize, _native.address(values), count, byref(pixels))
        return _taken_bytes(pixels, (*values.shape[:-2], side, side, 3))

    def sample(self, seeds: int | Sequence[int], *, truncation: float | None = None) -> Floats:
        """Random codes, float32 [N, L, D]: z of each seed as `torch.manual_seed(seed); torch.randn(1, Z)` draws it.

        Args:
            truncation: ψ in place of the model's; 1 for none.
        """
        numbers = np.ascontiguousarray([seeds] if isinstance(seeds, int) else list(seeds), dtype=np.uint32)
        codes = c_void_p()
        psi = None if truncation is None else byref(c_float(truncation))
        self._context.call(lib.idinv_sample, _native.address(numbers), len(numbers), psi, byref(codes))
        return _native.taken_floats(codes, (len(numbers), *self._code_shape))

    # ---- Inversion

    def invert(
        self,
        images: Images,
        *,
        steps: int | None = None,
        optimizer: str = "auto",
        learning_rate: float = 0.01,
        perceptual_weight: float = 5e-5,
        domain_weight: float = 2.0,
        start: str | npt.ArrayLike = "encoder",
        space: str = "w+",
        budget: float | None = None,
        target_psnr: float | None = None,
        patience: int | None = None,
        batch: int = 0,
        crop: str = "none",
        progress: ProgressOption = False,
    ) -> Inversion:
        """Inverts images: encodes them, and refines the codes by domain-regularized optimization.

        Args:
            images: paths, PIL images or arrays; one or several.
            steps: at most; None for 100, or with a budget as many as it allows.
            optimizer: auto (the best that is known; the best code is the result) or adam (as published; the last one is).
            learning_rate: of adam.
            perceptual_weight, domain_weight: of the objective's terms; 0 leaves one out.
            start: encoder, mean, or a code [L, D].
            space: w+ (a vector for each style layer) or w (the same for all).
            budget: seconds of work for one image.
            target_psnr: dB at which an image is good enough.
            patience: steps without a fall of the loss by 0.1 % that end an image.
            batch: images side by side; 0 for as many as gain something. The results are the same.
            progress: True for a bar, or a function that gets a `Progress` after each step and may return False to stop.

        Raises:
            Interrupted: after Ctrl-C, with the best codes so far.
            UnavailableError, InvalidArgumentError, BadDataError; what a progress function raises.
        """
        options = _native.InversionOptions(size=sizeof(_native.InversionOptions))
        if steps is not None:
            if steps < 1:
                raise InvalidArgumentError(f"steps: expected 1 or more, found {steps}; encode() makes none")
            options.steps = steps
        options.optimizer = index_of(optimizer, _OPTIMIZERS, "optimizer")
        options.learning_rate = learning_rate
        options.perceptual_weight = _weight(perceptual_weight, "perceptual_weight")
        options.domain_weight = _weight(domain_weight, "domain_weight")
        start_code = self._start(options, start)
        options.space = index_of(space, _SPACES, "space")
        options.budget_seconds = budget or 0
        options.target_psnr = target_psnr or 0
        options.patience = patience or 0
        options.batch = batch
        options.crop = index_of(crop, _CROPS, "crop")
        pixels = PictureReader(self._context, options.crop).all(images)
        result = self._inverted(options, progress, lib.idinv_invert, native_images(pixels), len(pixels))
        del start_code
        return result

    def diffuse(
        self,
        target: Any,
        context: Any,
        *,
        square: tuple[int, int, int] | None = None,
        steps: int | None = None,
        optimizer: str = "auto",
        perceptual_weight: float = 5e-5,
        budget: float | None = None,
        crop: str = "none",
        progress: ProgressOption = False,
    ) -> Inversion:
        """Semantic diffusion: pastes a square of target into context, and finds the code of the whole.

        Args:
            square: size, center x and center y in pixels of the model's images; None for the published one.

        Returns:
            The code of one image.
        """
        options = _native.InversionOptions(size=sizeof(_native.InversionOptions))
        options.steps = steps or 0
        options.optimizer = index_of(optimizer, _OPTIMIZERS, "optimizer")
        options.perceptual_weight = _weight(perceptual_weight, "perceptual_weight")
        options.budget_seconds = budget or 0
        options.crop = index_of(crop, _CROPS, "crop")
        reader = PictureReader(self._context, options.crop)
        pair = [reader.one(target, "target"), reader.one(context, "context")]
        structures = native_images(pair)
        box = None if square is None else byref(_native.Square(*square))
        return self._inverted(
            options, progress, lib.idinv_diffuse, byref(structures[0]), byref(structures[1]), box
        )

    def _inverted(self, options: Any, progress: ProgressOption, function: Any, *arguments: Any) -> Inversion:
        pointer = POINTER(_native.Result)()
        with Observer(progress, self._code_shape) as observer:
            options.progress = observer.handler
            try:
                self._context.call(function, *arguments, byref(options), byref(pointer))
            except IdinvError:
                # Stopped before there was a result: the reason is the one who stopped it.
                if observer.raised is None and not observer.is_interrupted:
                    raise
        result = taken_result(pointer) if pointer else None
        if observer.is_interrupted:
            raise Interrupted(result)
        if observer.raised is not None:
            raise observer.raised
        assert result is not None
        return result

    def _start(self, options: Any, start: str | npt.ArrayLike) -> Floats | None:
        """Sets where to start; what is returned has to live as long as the options."""
        if isinstance(start, str):
            options.start = index_of(start, ("encoder", "mean"), "start")
            return None
        code = self._codes(start, "start")
        if code.size != code.shape[-2] * code.shape[-1]:
            raise InvalidArgumentError(f"start: expected one code, found {list(code.shape)}")
        options.start = 2
        options.start_code = _native.address(code)
        return code

    # ---- Edits

    def manipulate(
        self,
        codes: npt.ArrayLike,
        boundaries: Boundary | Sequence[Boundary],
        distances: float | Sequence[float] | npt.NDArray[Any],
        *,
        factors: Sequence[float] | None = None,
    ) -> Floats:
        """Codes moved along boundaries, z + α·Σ fᵢ·nᵢ: float32 [..., S, L, D] of codes [..., L, D] and S distances α."""
        values = self._codes(codes, "codes")
        listed = [boundaries] if isinstance(boundaries, Boundary) else list(boundaries)
        if not all(isinstance(boundary, Boundary) for boundary in listed):
            raise InvalidArgumentError("manipulate: expected boundaries, as of Boundary.read(path, model)")
        natives = NativeBoundaries(listed)
        alphas = np.atleast_1d(np.ascontiguousarray(distances, dtype=np.float64))
        weights = None if factors is None else np.ascontiguousarray(list(factors), dtype=np.float64)
        if alphas.ndim != 1 or (weights is not None and len(weights) != len(listed)):
            raise InvalidArgumentError("manipulate: expected a list of distances, and one factor for each boundary")
        moved = c_void_p()
        self._context.call(
            lib.idinv_manipulate,
            _native.address(values),
            values.size // (values.shape[-2] * values.shape[-1]),
            addressof(natives.pointers),
            None if weights is None else _native.address(weights),
            len(listed),
            _native.address(alphas),
            len(alphas),
            byref(moved),
        )
        return _native.taken_floats(moved, (*values.shape[:-2], len(alphas), *self._code_shape))

    def interpolate(self, start: npt.ArrayLike, end: npt.ArrayLike, *, inner_steps: int = 5) -> Floats:
        """The straight line between two codes [L, D], both ends included: float32 [inner_steps + 2, L, D]."""
        ends = self._codes(np.stack([np.asarray(start), np.asarray(end)]), "ends")
        if ends.shape != (2, *self._code_shape):
            raise InvalidArgumentError(f"ends: expected two codes [L, D], found {list(ends.shape[1:])}")
        codes = c_void_p()
        self._context.call(
            lib.idinv_interpolate, _native.address(ends), _native.address(ends[1]), inner_steps, byref(codes)
        )
        return _native.taken_floats(codes, (inner_steps + 2, *self._code_shape))

    def mix(self, contents: npt.ArrayLike, style: npt.ArrayLike, *, layers: Sequence[int] | None = None) -> Floats:
        """Style mixing: contents [..., L, D] with some layers of style [L, D]; the late ones where None, as published."""
        values = self._codes(contents, "contents")
        source = self._codes(style, "style")
        if source.size != source.shape[-2] * source.shape[-1]:
            raise InvalidArgumentError(f"style: expected one code, found {list(source.shape)}")
        chosen = layer_array(layers)
        codes = c_void_p()
        self._context.call(
            lib.idinv_mix,
            _native.address(values),
            values.size // source.size,
            _native.address(source),
            None if chosen is None else _native.address(chosen),
            0 if chosen is None else len(chosen),
            byref(codes),
        )
        return _native.taken_floats(codes, values.shape)

    def draw_samples(
        self, count: int, *, seed: int = 0, truncation: float | None = None
    ) -> tuple[Floats, dict[str, Floats]]:
        """Random codes [N, L, D], and what the attribute network reads off their images: [N] for each attribute."""
        codes, attributes = c_void_p(), c_void_p()
        psi = None if truncation is None else byref(c_float(truncation))
        self._context.call(lib.idinv_draw_samples, count, seed, psi, byref(codes), byref(attributes))
        names = self.info.attribute_names
        drawn = _native.taken_floats(codes, (count, *self._code_shape))
        values = _native.taken_floats(attributes, (count, len(names)))
        return drawn, {name: np.ascontiguousarray(values[:, column]) for column, name in enumerate(names)}

    # ---- Shapes

    @property
    def _code_shape(self) -> tuple[int, int]:
        return (self.info.layer_count, self.info.dimension)

    def _codes(self, codes: npt.ArrayLike, name: str) -> Floats:
        """Codes [..., L, D] of this model, contiguous."""
        if hasattr(codes, "detach"):
            codes = codes.detach()
        values = np.ascontiguousarray(codes, dtype=np.float32)
        if values.ndim < 2 or values.shape[-2:] != self._code_shape:
            raise InvalidArgumentError(
                f"{name}: expected codes [..., {self.info.layer_count}, {self.info.dimension}] of this model, "
                f"found {list(values.shape)}"
            )
        return values


def _weight(value: float, name: str) -> float:
    """For idinv.h, where 0 is the default and a negative number leaves a term out."""
    if not 0 <= value < float("inf"):
        raise InvalidArgumentError(f"{name}: expected 0 or more, found {value}")
    return -1.0 if value == 0 else value


def _taken_bytes(pointer: Any, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    import ctypes

    try:
        data = ctypes.string_at(pointer, int(np.prod(shape, dtype=np.int64)))
        return np.frombuffer(data, dtype=np.uint8).reshape(shape).copy()
    finally:
        lib.idinv_release(pointer)
