"""The encoders, through a frozen generator.

Conventional (In-domain, equation 1): codes and images sampled from the generator, squared error of the codes.

Domain-guided (equations 2 and 3): real images, compared after encoding and synthesis,

    L_E = mean (x - G(E(x)))^2 + 5e-5 mean (F(x) - F(G(E(x))))^2 + 0.1 E[softplus(-D(G(E(x))))]
    L_D = E[softplus(D(G(E(x))))] + E[softplus(-D(x))] + gamma/2 E[|grad D(x)|^2].

Norms are means over elements, as in the published code, and the adversarial terms are the logistic ones of the generator's
own training. The guided encoder starts from the conventional one and its discriminator from the generator's: training from
scratch reaches the same place later.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import Preset
from .data import Pool
from .loop import Average, Run, compiled, every, half_precision
from .metrics import psnr
from .networks import Discriminator, Encoder, Features, Generator
from .pictures import save_png, to_bytes
from .train_gan import real_penalty


@torch.no_grad()
def settle_statistics(encoder: Encoder, draw: Callable[[], Tensor], batches: int = 64) -> None:
    """Replaces the running statistics of batch norm, which lag behind the (averaged) weights, by plain means."""
    norms = [m for m in encoder.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    encoder.train()
    for _ in range(batches):
        encoder(draw())
    for norm in norms:
        norm.momentum = 0.1
    encoder.eval()


@torch.no_grad()
def reconstruction(generator: Generator, encoder: Encoder, pool: Pool, count: int = 512, batch: int = 64) -> Tensor:
    """PSNR in dB of G(E(x)) for the first `count` images of the pool: [count]."""
    index = torch.arange(min(count, len(pool)), device=pool.images.device)
    parts = (pool.take(part) for part in index.split(batch))
    return torch.cat([psnr(x, generator.synthesis(encoder(x))) for x in parts])


def _show(generator: Generator, encoder: Encoder, pool: Pool, path: Path) -> None:
    """Rows of held-out images, each above its reconstruction."""
    x = pool.take(torch.arange(32, device=pool.images.device))
    with torch.no_grad():
        y = generator.synthesis(encoder(x))
    rows = [part for pair in zip(x.split(16), y.split(16)) for part in pair]
    save_png(path, to_bytes(torch.cat(rows)), 16, 2)


def _rate(base: float, run: Run) -> float:
    """A short warm-up, then constant, then linear to zero over the last third."""
    return base * min(1.0, 3 * (1 - run.progress), 0.05 + run.images / 5000)


def train_conventional(preset: Preset, generator: Generator, encoder: Encoder, test: Pool, folder: Path, device: str,
                       resume: bool) -> Encoder:
    config = preset.encoder
    batch = config.conventional.batch
    encoder = encoder.to(device, memory_format=torch.channels_last)
    draw_z = lambda n: torch.randn(n, generator.z_dim, device=device)
    with torch.no_grad():  # the last normalisation starts at the spread of the codes
        codes = generator.codes(draw_z(10_000)).flatten(1)
        encoder.last.bn.bn.weight.copy_(codes.std(0))
        encoder.last.bn.bn.bias.copy_(codes.mean(0))
    adam = torch.optim.Adam(encoder.parameters(), lr=config.learning_rate, betas=(0.9, 0.99))
    average = Average(encoder, config.ema_half_life)
    run = Run(folder, "encoder_conventional", config.conventional,
              {"encoder": encoder, "average": average, "adam": adam}, preset.checkpoint_minutes, resume)

    def images(n: int = 64) -> Tensor:
        with torch.no_grad():
            return generator(draw_z(n))

    encoder.train()
    synthesis, encode = compiled(generator.synthesis, preset.compile), compiled(encoder, preset.compile)
    while not run.done:
        adam.param_groups[0]["lr"] = _rate(config.learning_rate, run)
        with half_precision(device, config.bfloat16):
            with torch.no_grad():
                codes = generator.codes(draw_z(batch))
                image = synthesis(codes)
            loss = F.mse_loss(encode(image).float(), codes.float())
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()
        run.record(code=loss)
        average.update(encoder, batch, run.images)
        run.advance(batch)
        if every(run, 20_000, batch) or run.done:
            settle_statistics(average.net, images, 16)
            run.report(psnr=round(float(reconstruction(generator, average.net, test).mean()), 2))
    settle_statistics(average.net, images)
    return average.net


def train_guided(preset: Preset, generator: Generator, features: Features, discriminator: Discriminator,
                 start: Encoder, train: Pool, test: Pool, folder: Path, device: str, resume: bool) -> Encoder:
    config = preset.encoder
    batch = config.guided.batch
    encoder = copy.deepcopy(start).to(device, memory_format=torch.channels_last).requires_grad_(True)
    discriminator = discriminator.to(memory_format=torch.channels_last).requires_grad_(True)
    e_adam = torch.optim.Adam(encoder.parameters(), lr=config.learning_rate, betas=(0.9, 0.99))
    d_adam = torch.optim.Adam(discriminator.parameters(), lr=config.learning_rate, betas=(0.0, 0.99))
    average = Average(encoder, config.ema_half_life)
    run = Run(folder, "encoder", config.guided,
              {"encoder": encoder, "average": average, "discriminator": discriminator, "e_adam": e_adam,
               "d_adam": d_adam}, preset.checkpoint_minutes, resume)

    def draw(n: int = 64) -> Tensor:
        return train.draw(n, mirror=True).to(memory_format=torch.channels_last)

    encoder.train()
    synthesis, encode = compiled(generator.synthesis, preset.compile), compiled(encoder, preset.compile)
    step = run.images // batch
    while not run.done:
        for adam in (e_adam, d_adam):
            adam.param_groups[0]["lr"] = _rate(config.learning_rate, run)
        real = draw(batch)

        discriminator.requires_grad_(False)
        with half_precision(device, config.bfloat16):
            rebuilt = synthesis(encode(real)).float()
            pixel = F.mse_loss(rebuilt, real)
            with torch.no_grad():
                wanted = features(real).float()
            perceptual = F.mse_loss(features(rebuilt).float(), wanted)
            adversarial = F.softplus(-discriminator(rebuilt)).mean()
        loss = pixel + config.perceptual_weight * perceptual + config.adversarial_weight * adversarial
        e_adam.zero_grad(set_to_none=True)
        loss.backward()
        e_adam.step()
        run.record(pixel=pixel, perceptual=perceptual, adversarial=adversarial)

        discriminator.requires_grad_(True)
        with half_precision(device, config.bfloat16):
            fake_logits, real_logits = discriminator(rebuilt.detach()), discriminator(real)
            d_loss = F.softplus(fake_logits).mean() + F.softplus(-real_logits).mean()
        run.record(d_loss=d_loss)
        if step % config.r1_interval == 0:
            part = real[:max(8, batch // 2)].detach().requires_grad_(True)
            penalty = real_penalty(discriminator(part), part)
            d_loss = d_loss + 0.5 * config.gamma * config.r1_interval * penalty
            run.record(r1=penalty)
        d_adam.zero_grad(set_to_none=True)
        d_loss.backward()
        d_adam.step()

        step += 1
        average.update(encoder, batch, run.images)
        run.advance(batch)
        if every(run, 20_000, batch) or run.done:
            settle_statistics(average.net, draw, 16)
            run.report(psnr=round(float(reconstruction(generator, average.net, test).mean()), 2))
            _show(generator, average.net, test, folder / "samples" / f"encoder-{run.images:08d}.png")
    settle_statistics(average.net, draw)
    return average.net
