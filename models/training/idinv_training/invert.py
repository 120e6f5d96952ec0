"""Domain-regularized optimization (In-domain, equation 4), to measure what the networks are for.

    z* = argmin mean (x - G(z))^2 + 5e-5 mean (F(x) - F(G(z)))^2 + 2 mean (z - E(G(z)))^2,  from z = E(x)

with 100 steps of Adam at 0.01 as published.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .networks import Encoder, Features, Generator


def invert(image: Tensor, generator: Generator, encoder: Encoder, features: Features, steps: int = 100,
           rate: float = 0.01, perceptual_weight: float = 5e-5, domain_weight: float = 2.0) -> Tensor:
    """Images [N, 3, R, R] to codes [N, L, D], each optimized as if alone."""
    with torch.no_grad():
        code = encoder(image)
        wanted = features(image)
    code = code.clone().requires_grad_(True)
    adam = torch.optim.Adam([code], lr=rate)
    for _ in range(steps):
        rebuilt = generator.synthesis(code)
        loss = ((rebuilt - image).square().mean() + perceptual_weight * (features(rebuilt) - wanted).square().mean()
                + domain_weight * (code - encoder(rebuilt)).square().mean())
        adam.zero_grad()
        (loss * len(image)).backward()  # undo the mean over the batch, so that epsilon means the same for any N
        adam.step()
    return code.detach()
