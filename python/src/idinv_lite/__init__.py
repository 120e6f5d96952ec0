"""In-domain GAN inversion on small machines (Zhu et al., ECCV 2020).

    import idinv_lite as idinv

    model = idinv.Model.open()
    result = model.invert("face.png", steps=50, progress=True)
    pictures = model.synthesize(result.codes)          # uint8 [N, R, R, 3]
"""

from ._boundary import Boundary
from ._convert import convert
from ._errors import (
    BadDataError,
    CancelledError,
    IdinvError,
    InputOutputError,
    InternalError,
    Interrupted,
    InvalidArgumentError,
    MissingFileError,
    UnavailableError,
)
from ._images import Images, read_image, write_image
from ._model import Model, ModelInfo
from ._native import library_version as _library_version
from ._places import default_model, shared_file
from ._result import Inversion, Losses, Outcome, Progress

__version__ = _library_version()

__all__ = [
    "BadDataError",
    "Boundary",
    "CancelledError",
    "IdinvError",
    "Images",
    "InputOutputError",
    "InternalError",
    "Interrupted",
    "InvalidArgumentError",
    "Inversion",
    "Losses",
    "MissingFileError",
    "Model",
    "ModelInfo",
    "Outcome",
    "Progress",
    "UnavailableError",
    "convert",
    "default_model",
    "read_image",
    "shared_file",
    "write_image",
]
