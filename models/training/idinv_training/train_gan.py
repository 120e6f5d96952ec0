"""The generator: StyleGAN with progressive growing, the non-saturating logistic loss and R1.

    L_D = E[softplus(D(G(z)))] + E[softplus(-D(x))] + gamma/2 E[|grad D(x)|^2]     L_G = E[softplus(-D(G(z)))]

(Goodfellow et al. 2014; Mescheder, Geiger, Nowozin 2018, R1.) R1 is evaluated in one of every `r1_interval` steps and
weighted by as much. Its gamma grows with the resolution, since the gradient of a larger image has more components.

After a lesson (`train_supervised.py`) this stage goes on from the taught generator, at full resolution.
"""

from __future__ import annotations

import copy
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from .config import GanConfig, Preset
from .data import Pool
from .loop import Average, Run, compiled, every, half_precision
from .metrics import FrechetMeter
from .networks import Discriminator, Features, Generator
from .pictures import save_png, to_bytes
from .train_supervised import Lesson


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


def train_gan(preset: Preset, generator: Generator, train: Pool, test: Pool, features: Features, folder: Path,
              device: str, resume: bool) -> tuple[Generator, Discriminator]:
    """Returns the averaged generator and the discriminator.

    After a lesson, `generator` is what it taught: the discriminator is then trained alone for `warm_up` images, the lesson
    stays in the generator's loss, and the taught generator comes back unchanged if the Fréchet distance to the *training*
    images did not fall.
    """
    config = preset.gan
    batch = config.budget.batch
    lesson = Lesson(preset, train, features) if config.lesson else None
    taught = copy.deepcopy(generator).to(device).eval().requires_grad_(False)
    generator = generator.to(device, memory_format=torch.channels_last).train().requires_grad_(True)
    discriminator = make_discriminator(preset).to(device, memory_format=torch.channels_last).train()
    generator.synthesis.lod.requires_grad_(False)
    average = Average(generator, config.ema_half_life)
    # Lazy regularisation: the optimiser's memory is shortened to match (Karras et al., StyleGAN2, section 3.1).
    ratio = config.r1_interval / (config.r1_interval + 1)
    g_adam = torch.optim.Adam(generator.parameters(), lr=config.learning_rate, betas=(0.0, 0.99))
    d_adam = torch.optim.Adam(discriminator.parameters(), lr=config.learning_rate * ratio, betas=(0.0, 0.99 ** ratio))
    run = Run(folder, "gan", config.budget,
              {"generator": generator, "discriminator": discriminator, "average": average, "g_adam": g_adam,
               "d_adam": d_adam}, preset.checkpoint_minutes, resume)
    meter = FrechetMeter(features, test)
    preview = torch.randn(64, config.z_dim, generator=torch.Generator().manual_seed(7)).to(device)
    synthesis = compiled(generator.synthesis, preset.compile)

    def latent(count: int = batch) -> Tensor:
        return torch.randn(count, config.z_dim, device=device)

    step = run.images // batch
    while not run.done:
        resolution, alpha, gamma = stage_at(config, run.progress)
        fade = torch.tensor(alpha) if alpha < 1 else None
        alone = run.images < config.warm_up
        with half_precision(device, config.bfloat16):
            with torch.no_grad():
                fake = synthesis(generator.codes(latent()), resolution, fade)
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

        if not alone:
            discriminator.requires_grad_(False)
            with half_precision(device, config.bfloat16):
                # Half of the batch is the lesson's, where there is one: one pass serves both.
                z = latent()
                if lesson:
                    z[: batch // 2], wanted = lesson.draw(batch // 2)
                fake = synthesis(generator.codes(z), resolution, fade)
                g_loss = F.softplus(-discriminator(fake, alpha)).mean()
                run.record(g_loss=g_loss)
                if lesson:
                    pixel, perceptual = lesson.error(fake[: batch // 2], wanted, alpha)
                    g_loss = g_loss * config.adversarial_weight + pixel + config.lesson.perceptual_weight * perceptual
                    run.record(pixel=pixel, perceptual=perceptual)
            g_adam.zero_grad(set_to_none=True)
            g_loss.backward()
            g_adam.step()
            discriminator.requires_grad_(True)
            average.update(generator, batch, run.images)

        step += 1
        run.advance(batch)
        if every(run, 20_000, batch) or run.done:
            draw = lambda n, r=resolution, f=fade: average.net.synthesis(average.net.codes(latent(n)), r, f)
            frechet = meter(draw)
            with torch.no_grad():
                sample = average.net.synthesis(average.net.codes(preview), resolution, fade)
            save_png(folder / "samples" / f"gan-{run.images:08d}.png", to_bytes(sample), 16,
                     max(1, preset.data.resolution // resolution))
            run.report(resolution=resolution, alpha=round(alpha, 2), frechet=round(frechet, 4))
    net = average.net
    net.measure_w_avg()
    if lesson:
        judge = FrechetMeter(features, train)
        before, after = (judge(lambda n, g=g: g.synthesis(g.codes(latent(n)))) for g in (taught, net))
        kept = "adversarial" if after < before else "taught"
        run.report(train_frechet_taught=round(before, 4), train_frechet_adversarial=round(after, 4), kept=kept)
        net = net if after < before else taught
    return net.eval(), discriminator.eval()
