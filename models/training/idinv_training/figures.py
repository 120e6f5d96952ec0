"""What the judge says of a run's networks: the figures of the model card that need no optimization."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from . import faces
from .data import Pool
from .metrics import FrechetMeter, psnr, sharpness
from .networks import Encoder, Generator, Judge
from .train_judge import determination, read


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
