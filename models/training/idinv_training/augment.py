"""Adaptive discriminator augmentation (Karras et al., Training generative adversarial networks with limited data, NeurIPS 2020).

The discriminator sees real and generated images through the same random changes, each applied to an image with probability
`strength`, so that it cannot learn a small set by heart; since it is applied with a probability below one and to both
kinds, the generator does not learn to make the changes. The strength follows r = mean sign(D(real)), the share by which D
is sure of its training images: above `target` it grows, below it falls.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

SPEED = 1 / 200_000  # of the strength, for each image: from 0 to 1 in 200,000
LIMIT = 0.8


class Augmentation:
    """Mirroring, shifts, small turns and zooms, brightness, contrast and saturation; differentiable in the image."""

    def __init__(self, target: float | None):
        self.target, self.strength = target, 0.0

    def adapt(self, real_logits: Tensor) -> None:
        if self.target is not None:
            sure = float(real_logits.detach().sign().mean())
            step = len(real_logits) * SPEED
            self.strength = min(LIMIT, max(0.0, self.strength + (step if sure > self.target else -step)))

    def __call__(self, image: Tensor) -> Tensor:
        if self.strength <= 0:
            return image
        n, device = len(image), image.device
        share = lambda p: (torch.rand(n, device=device) < p) * 1.0
        normal = lambda deviation: torch.randn(n, device=device) * deviation * share(self.strength)
        mirror = 1 - 2 * share(self.strength / 2)
        zoom, turn = torch.exp(normal(0.12)), normal(0.12)
        dx, dy = normal(0.08), normal(0.08)
        cos, sin = turn.cos() * zoom, turn.sin() * zoom
        matrix = torch.stack([torch.stack([cos * mirror, -sin, dx], 1), torch.stack([sin * mirror, cos, dy], 1)], 1)
        dtype = image.dtype
        grid = F.affine_grid(matrix, list(image.shape), align_corners=False)
        x = F.grid_sample(image.float(), grid, padding_mode="reflection", align_corners=False)
        of_image = lambda v: v.view(-1, 1, 1, 1)
        grey = x.mean(1, keepdim=True)
        x = grey + (x - grey) * of_image(torch.exp(normal(0.3)))
        x = x * of_image(torch.exp(normal(0.15))) + of_image(normal(0.15))
        return x.to(dtype, memory_format=torch.channels_last)  # as it came: another layout would be compiled anew

    def state_dict(self) -> dict:
        return {"strength": self.strength}

    def load_state_dict(self, state: dict) -> None:
        self.strength = state["strength"]
