"""Figures for curves and for the model card."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from .data import Pool


def psnr(a: Tensor, b: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB for each image: two [N, 3, R, R] in [-1, 1] -> [N]."""
    return 10 * torch.log10(4 / (a - b).square().mean((1, 2, 3)).clamp_min(1e-12))


def sharpness(images: Tensor) -> float:
    """Mean squared difference of neighboring pixels: the gradient energy of images [N, 3, R, R]."""
    return float(images.diff(dim=-1).square().mean() + images.diff(dim=-2).square().mean())


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """Between normal distributions fitted to two sets [N, C] (Heusel et al. 2017): |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^1/2)."""
    a, b = a.double().cpu(), b.double().cpu()
    s1, s2 = torch.cov(a.T), torch.cov(b.T)
    values, vectors = torch.linalg.eigh(s1)
    root = vectors * values.clamp_min(0).sqrt() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ s2 @ root).clamp_min(0).sqrt().sum()
    return float((a.mean(0) - b.mean(0)).square().sum() + s1.trace() + s2.trace() - 2 * cross)


class FrechetMeter:
    """Fréchet distance of generated to held-out images, in pooled features of a network (F or the judge), each scaled to a
    real variance of one.

    Comparable between runs with the same network only; it is not the FID of the literature.
    """

    def __init__(self, features: Callable[[Tensor], Tensor], pool: Pool, count: int = 2000, batch: int = 200):
        self.features, self.pool, self.batch = features, pool, batch
        self.count = min(count, len(pool))
        self.real = self._describe(lambda n, start: pool.take(torch.arange(start, start + n, device=pool.images.device)))
        spread = self.real.std(0)
        self.scale = spread.clamp_min(0.1 * float(spread.mean()))  # a feature that real images hardly excite counts little

    @torch.no_grad()
    def _describe(self, source: Callable[[int, int], Tensor]) -> Tensor:
        rows = []
        for start in range(0, self.count, self.batch):
            image = source(min(self.batch, self.count - start), start)
            size = self.pool.images.shape[-1]
            if image.shape[-1] < size:
                image = F.interpolate(image, size=(size, size), mode="bilinear")
            rows.append(F.adaptive_avg_pool2d(self.features(image), 2).flatten(1))
        return torch.cat(rows)

    def __call__(self, generate: Callable[[int], Tensor]) -> float:
        fake = self._describe(lambda n, start: generate(n))
        return frechet_distance(fake / self.scale, self.real / self.scale) / self.real.shape[1]
