"""The networks, under the parameter names of the published in-domain inversion checkpoints.

Images are NCHW, RGB, in [-1, 1] throughout. `B` is the batch, `R` the resolution, `L` the number of style layers
(8 at 32 px, 14 at 256 px), `D` the width of one latent code.
"""

from .common import SLOPE, style_layers
from .discriminator import Discriminator
from .encoder import Encoder, rescale_codes
from .features import POOL, Features
from .generator import Generator, Mapping, UpLayer
from .judge import Judge

__all__ = ["POOL", "SLOPE", "Discriminator", "Encoder", "Features", "Generator", "Judge", "Mapping", "UpLayer",
           "rescale_codes", "style_layers"]
