"""The encoders, through a frozen generator.

Conventional (In-domain, equation 1): codes and images sampled from the generator, squared error of the codes.

Domain-guided (equations 2 and 3): real images, compared after encoding and synthesis,

    L_E = mean (x - G(E(x)))^2 + 5e-5 mean (F(x) - F(G(E(x))))^2 + 0.1 E[softplus(-D(G(E(x))))]
    L_D = E[softplus(D(G(E(x))))] + E[softplus(-D(x))] + gamma/2 E[|grad D(x)|^2].

Norms are means over elements, as in the published code, and the adversarial terms are the logistic ones of the generator's
own training. Where F has a head, `attribute_weight` adds the squared error of what it reads, which the paper does not have:
F is small, and its features alone say little of what moves few pixels. The guided encoder starts from the conventional one and
its discriminator from the generator's: training from scratch reaches the same place later.

Batch norm ends with settled statistics, which no longer change. Those of a batch of 32 shift every code by a fifth of its
deviation, at random; the encoder cannot follow that, and what it learns meanwhile is to be cautious.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import EncoderConfig
from .data import Pool
from .loop import Average, Run, Settings, compiled, every, half_precision
from .metrics import psnr
from .networks import Discriminator, Encoder, Generator
from .optimizer import Optimizer
from .pictures import save_png, to_bytes
from .train_features import Perception
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


class Norms:
    """The batch norm of an encoder in training, and of its average: by the statistics of each batch, until they are settled."""

    def __init__(self, encoder: Encoder):
        self.encoder, self.settled = encoder, False
        encoder.train()

    def settle(self, draw: Callable[[], Tensor]) -> None:
        settle_statistics(self.encoder, draw)
        self.settled = True

    def bring(self, average: Average, draw: Callable[[], Tensor], batches: int) -> None:
        """The average's own statistics, unless it has the settled ones: its weights were learnt with those."""
        if not self.settled:
            settle_statistics(average.net, draw, batches)

    def state_dict(self) -> dict:
        return {"settled": self.settled}

    def load_state_dict(self, state: dict) -> None:
        self.settled = state["settled"]
        self.encoder.train(not self.settled)


@torch.no_grad()
def reconstruction(generator: Generator, encoder: Encoder, pool: Pool, count: int = 512, batch: int = 64) -> Tensor:
    """PSNR in dB of G(E(x)) for the first `count` images of the pool: [count]."""
    index = torch.arange(min(count, len(pool)), device=pool.images.device)
    parts = (pool.take(part) for part in index.split(batch))
    return torch.cat([psnr(x, generator.synthesis(encoder(x))) for x in parts])


def _show(generator: Generator, encoder: Encoder, pool: Pool, path: Path) -> None:
    """Rows of held-out images, each above its reconstruction."""
    x = pool.take(torch.arange(min(32, len(pool)), device=pool.images.device))
    with torch.no_grad():
        y = generator.synthesis(encoder(x))
    rows = [part for pair in zip(x.split(16), y.split(16)) for part in pair]
    save_png(path, to_bytes(torch.cat(rows)), 16, 2)


def train_conventional(config: EncoderConfig, generator: Generator, encoder: Encoder, test: Pool,
                       settings: Settings) -> Encoder:
    device, batch = settings.device, config.conventional.batch
    encoder = encoder.to(device, memory_format=torch.channels_last)
    draw_z = lambda n: torch.randn(n, generator.z_dim, device=device)
    with torch.no_grad():  # the last normalization starts at the spread of the codes
        codes = torch.cat([generator.codes(draw_z(1000)) for _ in range(10)]).flatten(1)
        encoder.last.bn.bn.weight.copy_(codes.std(0))
        encoder.last.bn.bn.bias.copy_(codes.mean(0))
    optimizer = Optimizer([(encoder, 1.0)], config.learning_rate, config.convolution_rate)
    average = Average(encoder, config.ema_half_life)
    norms = Norms(encoder)
    run = Run(settings, "encoder_conventional", config.conventional, {"encoder": encoder, "average": average,
                                                                       "optimizer": optimizer, "norms": norms})

    def images(n: int = config.statistics_batch) -> Tensor:
        with torch.no_grad():
            return generator(draw_z(n))

    synthesis, encode = compiled(generator.synthesis, settings.compile), compiled(encoder, settings.compile)
    while not run.done:
        if run.progress >= config.settled and not norms.settled:
            norms.settle(images)
        with half_precision(device, config.bfloat16):
            with torch.no_grad():
                codes = generator.codes(draw_z(batch))
                image = synthesis(codes)
            loss = F.mse_loss(encode(image).float(), codes.float())
        optimizer.step(loss, run.schedule(3))
        run.record(code=loss)
        average.update(encoder, batch, run.images)
        run.advance(batch)
        if every(run, config.report_images, batch) or run.done:
            norms.bring(average, images, 16)
            run.report(psnr=round(float(reconstruction(generator, average.net, test).mean()), 2))
    norms.bring(average, images, 64)
    return average.net


def pyramid_error(a: Tensor, b: Tensor, levels: int = 3) -> Tensor:
    """Mean absolute error of the differences of neighboring pixels, at full size and halved `levels` - 1 times: what stands
    in for a feature network where there is none."""
    total = a.new_zeros(())
    for level in range(levels):
        if level:
            a, b = F.avg_pool2d(a, 2), F.avg_pool2d(b, 2)
        difference = a - b
        total = total + difference.diff(dim=-1).abs().mean() + difference.diff(dim=-2).abs().mean()
    return total / (2 * levels)


@dataclass
class GuidedNetworks:
    """What the guided encoder is trained against. Without `perception`, `pyramid_error` takes its place; without a
    discriminator, or with weight 0, there is no adversarial term."""

    generator: Generator
    perception: Perception | None
    discriminator: Discriminator | None


class GuidedTraining:
    """The encoder and its discriminator, and one step. The statistics of batch norm stay the settled ones of `start`."""

    def __init__(self, config: EncoderConfig, networks: GuidedNetworks, start: Encoder, settings: Settings):
        self.config, self.networks, self.device = config, networks, settings.device
        self.encoder = copy.deepcopy(start).to(self.device, memory_format=torch.channels_last).requires_grad_(True)
        self.encoder.eval()
        self.average = Average(self.encoder, config.ema_half_life)
        self.optimizer = Optimizer([(self.encoder, 1.0)], config.learning_rate, config.convolution_rate)
        self.synthesis = compiled(networks.generator.synthesis, settings.compile)
        self.encode = compiled(self.encoder, settings.compile)
        self.discriminator = networks.discriminator if config.adversarial_weight > 0 else None
        if self.discriminator is not None:
            self.discriminator = self.discriminator.to(self.device, memory_format=torch.channels_last)
            self.d_adam = torch.optim.Adam(self.discriminator.parameters(), lr=config.learning_rate, betas=(0.0, 0.99))

    def parts(self) -> dict:
        parts = {"encoder": self.encoder, "average": self.average, "optimizer": self.optimizer}
        if self.discriminator is not None:
            parts |= {"discriminator": self.discriminator, "d_adam": self.d_adam}
        return parts

    def step(self, run: Run, real: Tensor, number: int) -> None:
        if self.discriminator is not None:
            self.discriminator.requires_grad_(False)
        with half_precision(self.device, self.config.bfloat16):
            rebuilt = self.synthesis(self.encode(real)).float()
            loss = self._error(run, rebuilt, real)
            if self.discriminator is not None:
                adversarial = F.softplus(-self.discriminator(rebuilt)).mean()
                loss = loss + self.config.adversarial_weight * adversarial
                run.record(adversarial=adversarial)
        schedule = run.schedule(3)
        self.optimizer.step(loss, schedule)
        self.average.update(self.encoder, len(real), run.images)
        if self.discriminator is not None:
            self.d_adam.param_groups[0]["lr"] = schedule * self.config.learning_rate
            self._discriminate(run, rebuilt.detach(), real, number)

    def _error(self, run: Run, rebuilt: Tensor, real: Tensor) -> Tensor:
        pixel = F.mse_loss(rebuilt, real)
        run.record(pixel=pixel)
        if self.networks.perception is None:
            pyramid = pyramid_error(rebuilt, real)
            run.record(pyramid=pyramid)
            return pixel + self.config.pyramid_weight * pyramid
        perceptual, attributes = self.networks.perception.errors(rebuilt, real)
        run.record(perceptual=perceptual)
        loss = pixel + self.config.perceptual_weight * perceptual
        if self.config.attribute_weight > 0:
            run.record(attributes=attributes)
            loss = loss + self.config.attribute_weight * attributes
        return loss

    def _discriminate(self, run: Run, rebuilt: Tensor, real: Tensor, number: int) -> None:
        config, discriminator = self.config, self.discriminator.requires_grad_(True)
        with half_precision(self.device, config.bfloat16):
            fake_logits, real_logits = discriminator(rebuilt), discriminator(real)
            loss = F.softplus(fake_logits).mean() + F.softplus(-real_logits).mean()
        run.record(d_loss=loss)
        if number % config.r1_interval == 0:
            part = real[:max(8, len(real) // 2)].detach().requires_grad_(True)
            penalty = real_penalty(discriminator(part), part)
            loss = loss + 0.5 * config.gamma * config.r1_interval * penalty
            run.record(r1=penalty)
        self.d_adam.zero_grad(set_to_none=True)
        loss.backward()
        self.d_adam.step()


def train_guided(config: EncoderConfig, networks: GuidedNetworks, start: Encoder, pools: tuple[Pool, Pool],
                 settings: Settings) -> Encoder:
    """`pools`: training and held-out images. Returns the averaged encoder."""
    (train, test), batch = pools, config.guided.batch
    training = GuidedTraining(config, networks, start, settings)
    run = Run(settings, "encoder", config.guided, training.parts())
    average = training.average.net

    number = run.images // batch
    while not run.done:
        real = train.draw(batch, mirror=config.mirror).to(settings.device, memory_format=torch.channels_last)
        training.step(run, real, number)
        number += 1
        run.advance(batch)
        if every(run, config.report_images, batch) or run.done:
            run.report(psnr=round(float(reconstruction(networks.generator, average, test).mean()), 2))
            _show(networks.generator, average, test, settings.folder / "samples" / f"encoder-{run.images:08d}.png")
    return average
