"""What the judge says of a run's networks: the figures of the model card that need no optimization."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from . import faces
from .data import Pool
from .metrics import FrechetMeter, psnr, sharpness
from .networks import Encoder, Generator, Judge
from .train_judge import determination, gaussian_blur, noisy, read, resampled
from .train_supervised import complete_latent, normal_ranks


@torch.no_grad()
def judged(judge: Judge, generator: Generator, encoders: Mapping[str, Encoder], train: Pool, test: Pool,
           count: int = 512) -> dict:
    """`test` are images that neither generator nor encoders have seen."""
    device = test.images.device
    x = test.take(torch.arange(min(count, len(test)), device=device))
    seen = read(judge, x)
    result: dict = {}
    for name, encoder in encoders.items():
        y = torch.cat([generator.synthesis(encoder(part)) for part in x.split(64)])
        r2 = determination(read(judge, y), seen)
        result[name] = {"psnr": float(psnr(x, y).mean()), "mse": float((x - y).square().mean()),
                        "sharpness": sharpness(y) / sharpness(x), "r2_mean": float(r2.mean()),
                        "r2": {n: round(float(v), 3) for n, v in zip(faces.NAMES, r2)}}
    meter = FrechetMeter(judge.features, test)
    drawn = lambda n: generator(torch.randn(n, generator.z_dim, device=device))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        samples = torch.cat([drawn(64) for _ in range(8)])
        result["samples"] = {"frechet": meter(drawn), "frechet_floor": meter(train.draw),
                             "sharpness": sharpness(samples) / sharpness(x)}
    return result


@torch.no_grad()
def reading(judge: Judge, images: Tensor, attributes: Tensor) -> dict[str, Tensor]:
    """R^2 [A] of what the judge reads off images [N, 3, R, R] with known attributes [N, A]: as they are, and damaged."""
    side = images.shape[-1]
    shown = {"as they are": images, "blurred": gaussian_blur(images, side / 64), "noise of 0.1": noisy(images, 0.1),
             "resampled": resampled(images, side * 5 // 8)}
    return {name: determination(read(judge, image), attributes) for name, image in shown.items()}


@torch.no_grad()
def learned(judge: Judge, generator: Generator, train: Tensor, count: int = 512) -> Tensor:
    """What a generator kept of the lesson: the correlation [A] of the first training attributes [N, A] with what the judge reads
    off the images of their codes. 0 of an attribute that the generator does not draw."""
    wanted, codes = train[:count], complete_latent(normal_ranks(train)[:count], generator.z_dim)
    found = torch.cat([read(judge, generator(z)) for z in codes.to(train.device).split(64)])
    deviation = lambda x: (x - x.mean(0)) / x.std(0, unbiased=False).clamp_min(1e-9)
    return (deviation(found) * deviation(wanted)).mean(0)
