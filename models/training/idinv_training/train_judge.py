"""The judge J, which measures what the other networks make and takes no part in making it.

Attributes read by a head on F flatter an inversion, because the inversion was found by matching F. J is of another
architecture (residual, batch norm, leaky ReLU), begins at another seed, has seen other renders than G, E and F, and is in no
loss. It is trained on damaged pictures too (blur, noise, resampling, shifts), so that it reads what a person would still
see and not what the renderer's exact edges give away.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .config import Preset
from .data import Pool
from .loop import Average, Run, Settings, compiled, every, half_precision
from .networks import Judge
from .optimizer import Optimizer
from .train_encoder import settle_statistics


def gaussian_blur(image: Tensor, sigma: float) -> Tensor:
    """[N, C, R, R], reflected at the borders."""
    reach = max(1, round(2.5 * sigma))
    line = torch.exp(-torch.arange(-reach, reach + 1, device=image.device) ** 2 / (2 * sigma ** 2))
    line = (line / line.sum()).to(image.dtype)
    channels = image.shape[1]
    x = F.pad(image, (reach,) * 4, mode="reflect")
    x = F.conv2d(x, line.view(1, 1, -1, 1).repeat(channels, 1, 1, 1), groups=channels)
    return F.conv2d(x, line.view(1, 1, 1, -1).repeat(channels, 1, 1, 1), groups=channels)


def noisy(image: Tensor, deviation: float) -> Tensor:
    return (image + deviation * torch.randn_like(image)).clamp(-1, 1)


def resampled(image: Tensor, size: int) -> Tensor:
    """Reduced to `size` and enlarged again."""
    small = F.interpolate(image, size=(size, size), mode="bilinear", antialias=True)
    return F.interpolate(small, size=image.shape[-2:], mode="bicubic").clamp(-1, 1)


def shifted(image: Tensor, dx: int, dy: int) -> Tensor:
    reach = max(abs(dx), abs(dy))
    if reach == 0:
        return image
    side = image.shape[-1]
    x = F.pad(image, (reach,) * 4, mode="replicate")
    return x[..., reach + dy:reach + dy + side, reach + dx:reach + dx + side]


def damaged(image: Tensor) -> Tensor:
    """A batch in [-1, 1] with blur, noise, resampling and shifts of random strength, each in about half of it."""
    side = image.shape[-1]
    chance = lambda p: float(torch.rand(())) < p
    uniform = lambda low, high: low + (high - low) * float(torch.rand(()))
    parts = []
    for part in image.split(8):
        reach = max(1, side // 32)
        if chance(0.6):
            dx, dy = (int(v) for v in torch.randint(-reach, reach + 1, (2,)))
            part = shifted(part, dx, dy)
        if chance(0.35):
            part = gaussian_blur(part, uniform(0.3, 1.3) * side / 64)
        if chance(0.3):
            part = resampled(part, int(uniform(0.45, 0.9) * side))
        if chance(0.35):
            part = noisy(part, uniform(0.01, 0.15))
        parts.append(part)
    return torch.cat(parts)


@torch.no_grad()
def read(judge: Judge, images: Tensor, batch: int = 256) -> Tensor:
    """Attributes [N, A] of images [N, 3, R, R] in [-1, 1]."""
    return torch.cat([judge(part) for part in images.split(batch)])


def determination(found: Tensor, wanted: Tensor) -> Tensor:
    """R^2 of each column of [N, A]: [A]."""
    return 1 - (found - wanted).square().mean(0) / wanted.var(0, unbiased=False).clamp_min(1e-9)


def train_judge(preset: Preset, train: Pool, test: Pool, settings: Settings, start: Judge | None = None) -> Judge:
    """From nothing, or on from a trained judge. Returns the averaged one. `train` must be renders that no other network has seen."""
    config, device = preset.judge, settings.device
    batch = config.budget.batch
    judge = start or Judge(preset.data.resolution, config.channels, train.attributes.shape[1])
    judge.mean.copy_(train.attributes.mean(0))
    judge.std.copy_(train.attributes.std(0))
    judge = judge.to(device, memory_format=torch.channels_last).requires_grad_(True).train()
    average = Average(judge, config.ema_half_life)
    optimizer = Optimizer([(judge, 1.0)], config.learning_rate, config.convolution_rate)
    run = Run(settings, "judge", config.budget, {"judge": judge, "average": average, "optimizer": optimizer})
    standardised = compiled(judge.standardised, settings.compile)

    def draw(n: int = 64) -> tuple[Tensor, Tensor]:
        index = torch.randint(len(train), (n,), device=device)
        image = damaged(train.take(index)).to(memory_format=torch.channels_last)
        return image, (train.attributes[index] - judge.mean) / judge.std

    clean = test.take(torch.arange(min(1024, len(test)), device=device))
    wanted = test.attributes[:len(clean)]
    while not run.done:
        image, target = draw(batch)
        with half_precision(device, config.bfloat16):
            guess = standardised(image)
        loss = F.mse_loss(guess.float(), target)
        optimizer.step(loss, run.schedule(1.5))
        run.record(loss=loss)
        average.update(judge, batch, run.images)
        run.advance(batch)
        if every(run, 20_000, batch) or run.done:
            settle_statistics(average.net, lambda: draw(64)[0], 16)
            r2 = lambda x: round(float(determination(read(average.net, x), wanted).mean()), 4)
            run.report(r2=r2(clean), r2_blurred=r2(gaussian_blur(clean, preset.data.resolution / 64)),
                       r2_noisy=r2(noisy(clean, 0.1)))
    settle_statistics(average.net, lambda: draw(64)[0])
    return average.net.eval().requires_grad_(False)
