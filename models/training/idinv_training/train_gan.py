"""The generator: StyleGAN with progressive growing, the non-saturating logistic loss and R1.

    L_D = E[softplus(D(G(z)))] + E[softplus(-D(x))] + gamma/2 E[|grad D(x)|^2]     L_G = E[softplus(-D(G(z)))]

(Goodfellow et al. 2014; Mescheder, Geiger, Nowozin 2018, R1.) R1 is evaluated in one of every `r1_interval` steps and
weighted by as much. Its gamma grows with the resolution, since the gradient of a larger image has more components.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from .config import GanConfig, Preset
from .data import Pool
from .loop import Average, Run, every, half_precision
from .metrics import FrechetMeter
from .networks import Discriminator, Features, Generator
from .pictures import save_png, to_bytes


def make_generator(preset: Preset) -> Generator:
    c = preset.gan
    return Generator(preset.data.resolution, c.z_dim, c.w_dim, c.fmaps_base, c.fmaps_max)


def make_discriminator(preset: Preset) -> Discriminator:
    return Discriminator(preset.data.resolution, preset.gan.discriminator_base, preset.gan.discriminator_max)


def stage_at(config: GanConfig, progress: float) -> tuple[int, float, float]:
    """(resolution, alpha of the fade, gamma) at a share `progress` of the budget."""
    start = 0.0
    for i, (resolution, share, gamma) in enumerate(config.stages):
        if progress < start + share or i == len(config.stages) - 1:
            within = (progress - start) / share
            return resolution, 1.0 if i == 0 else min(1.0, within / config.fade), gamma
        start += share
    raise AssertionError("no stages")


def real_penalty(logits: Tensor, real: Tensor) -> Tensor:
    """R1: mean over the batch of |d logits / d real|^2."""
    (gradient,) = torch.autograd.grad(logits.sum(), real, create_graph=True)
    return gradient.float().square().sum((1, 2, 3)).mean()


def train_gan(preset: Preset, train: Pool, test: Pool, features: Features, folder: Path, device: str,
              resume: bool, stage: str = "gan",
              start: tuple[Generator, Discriminator] | None = None) -> tuple[Generator, Discriminator]:
    """Returns the averaged generator and the discriminator. Starts from random networks or from `start`."""
    config = preset.gan
    batch = config.budget.batch
    generator, discriminator = start or (make_generator(preset), make_discriminator(preset))
    generator = generator.to(device, memory_format=torch.channels_last).train().requires_grad_(True)
    discriminator = discriminator.to(device, memory_format=torch.channels_last).train().requires_grad_(True)
    generator.synthesis.lod.requires_grad_(False)
    average = Average(generator, config.ema_half_life)
    # Lazy regularisation: the optimiser's memory is shortened to match (Karras et al., StyleGAN2, section 3.1).
    ratio = config.r1_interval / (config.r1_interval + 1)
    g_adam = torch.optim.Adam(generator.parameters(), lr=config.learning_rate, betas=(0.0, 0.99))
    d_adam = torch.optim.Adam(discriminator.parameters(), lr=config.learning_rate * ratio, betas=(0.0, 0.99 ** ratio))
    run = Run(folder, stage, config.budget,
              {"generator": generator, "discriminator": discriminator, "average": average, "g_adam": g_adam,
               "d_adam": d_adam}, preset.checkpoint_minutes, resume)
    meter = FrechetMeter(features, test)
    preview = torch.randn(64, config.z_dim, generator=torch.Generator().manual_seed(7)).to(device)

    def latent() -> Tensor:
        return torch.randn(batch, config.z_dim, device=device)

    step = 0
    while not run.done:
        resolution, alpha, gamma = stage_at(config, run.progress)
        with half_precision(device, config.bfloat16):
            with torch.no_grad():
                fake = generator.synthesis(generator.codes(latent()), resolution, alpha)
            real = train.draw(batch, resolution, mirror=True).to(memory_format=torch.channels_last)
            if alpha < 1:  # reals fade as the generator does
                real = torch.lerp(F.interpolate(F.avg_pool2d(real, 2), scale_factor=2), real, alpha)
            fake_logits, real_logits = discriminator(fake, alpha), discriminator(real, alpha)
            d_loss = F.softplus(fake_logits).mean() + F.softplus(-real_logits).mean()
        run.record(d_loss=d_loss, gap=real_logits.mean() - fake_logits.mean())
        if step % config.r1_interval == 0:
            real = real[:max(8, batch // 2)].detach().requires_grad_(True)
            penalty = real_penalty(discriminator(real, alpha), real)
            d_loss = d_loss + 0.5 * gamma * config.r1_interval * penalty
            run.record(r1=penalty)
        d_adam.zero_grad(set_to_none=True)
        d_loss.backward()
        d_adam.step()

        discriminator.requires_grad_(False)
        with half_precision(device, config.bfloat16):
            fake = generator.synthesis(generator.codes(latent()), resolution, alpha)
            g_loss = F.softplus(-discriminator(fake, alpha)).mean()
        g_adam.zero_grad(set_to_none=True)
        g_loss.backward()
        g_adam.step()
        discriminator.requires_grad_(True)
        run.record(g_loss=g_loss)

        step += 1
        average.update(generator, batch, run.images)
        run.advance(batch)
        if every(run, 20_000, batch) or run.done:
            frechet = meter(lambda n: average.net.synthesis(
                average.net.codes(torch.randn(n, config.z_dim, device=device)), resolution, alpha))
            with torch.no_grad():
                sample = average.net.synthesis(average.net.codes(preview), resolution, alpha)
            save_png(folder / "samples" / f"{stage}-{run.images:08d}.png", to_bytes(sample), 16, preset.data.resolution * 2 // resolution)
            run.report(resolution=resolution, alpha=round(alpha, 2), frechet=round(frechet, 2))
    net = average.net
    net.measure_w_avg()
    return net.eval(), discriminator.eval()
