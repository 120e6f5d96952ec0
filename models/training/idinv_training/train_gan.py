"""The generator: StyleGAN with progressive growing, the non-saturating logistic loss and R1.

    L_D = E[softplus(D(G(z)))] + E[softplus(-D(x))] + gamma/2 E[|grad D(x)|^2]     L_G = E[softplus(-D(G(z)))]

(Goodfellow et al. 2014; Mescheder, Geiger, Nowozin 2018, R1.) R1 is evaluated in one of every `r1_interval` steps and
weighted by as much. Its gamma grows with the resolution, since the gradient of a larger image has more components.
Optionally, layers of some samples take the codes of other samples (style mixing, StyleGAN section 3.1), and D sees all images
through augmentations whose strength follows its overfitting (`augment.py`).

After a lesson (`train_supervised.py`) this stage goes on from the taught generator, at full resolution, and the lesson goes
on within it: half of each batch are codes whose images are known. G and D share one synthesis pass for each step.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .augment import Augmentation
from .config import GanConfig, Preset
from .data import Pool
from .loop import Average, Run, Settings, compiled, every, half_precision
from .metrics import FrechetMeter, sharpness
from .networks import Discriminator, Generator
from .optimizer import Optimizer
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


def fading(alpha: float) -> Tensor | None:
    """What the networks take: nothing where nothing fades."""
    return torch.tensor(alpha) if alpha < 1 else None


def real_penalty(logits: Tensor, real: Tensor) -> Tensor:
    """R1: mean over the batch of |d logits / d real|^2."""
    (gradient,) = torch.autograd.grad(logits.sum(), real, create_graph=True)
    return gradient.float().square().sum((1, 2, 3)).mean()


def mixed(codes: Tensor, share: float) -> Tensor:
    """[B, L, D], a `share` of the samples with the codes of another sample from a random layer on."""
    if share <= 0:
        return codes
    batch, layers, _ = codes.shape
    crossing = torch.randint(1, layers, (batch, 1), device=codes.device)
    other = (torch.arange(layers, device=codes.device) >= crossing) & (torch.rand(batch, 1, device=codes.device) < share)
    return torch.where(other[:, :, None], codes.roll(1, 0), codes)


@torch.no_grad()
def blended(taught: Generator, adversarial: Generator, share: float) -> Generator:
    """Weights between those of a generator and of what it became, a `share` of the latter: nearly as like what it was taught as
    the first, nearly as sharp as the second."""
    net = copy.deepcopy(adversarial)
    for weight, before in zip(net.parameters(), taught.parameters()):
        weight.copy_(torch.lerp(before, weight, share))
    return net


@dataclass
class GanData:
    """What adversarial training learns from, and what it is watched with."""

    train: Pool
    test: Pool
    lesson: Lesson | None
    watch: Callable[[Tensor], Tensor]  # features [N, C, h, w] in which Frechet distances are reported
    choose: Callable[[Tensor], Tensor] | None = None  # and those by which one of two generators is kept; not the judge's
    mirror: bool = True


class GanTraining:
    """The networks, and one step."""

    def __init__(self, config: GanConfig, networks: tuple[Generator, Discriminator], data: GanData, settings: Settings):
        self.config, self.data, self.device = config, data, settings.device
        generator, discriminator = networks
        device = settings.device
        self.generator = generator.to(device, memory_format=torch.channels_last).train().requires_grad_(True)
        self.generator.synthesis.lod.requires_grad_(False)
        self.discriminator = discriminator.to(device, memory_format=torch.channels_last).train()
        self.average = Average(self.generator, config.ema_half_life)
        self.augmentation = Augmentation(config.augment_target)
        # Lazy regularization: the optimizer's memory is shortened to match (Karras et al., StyleGAN2, section 3.1).
        ratio = config.r1_interval / (config.r1_interval + 1)
        betas = (config.momentum, 0.99)
        self.g_optimizer = Optimizer([(self.generator.mapping, config.mapping_speed), (self.generator.synthesis, 1.0)],
                                     config.learning_rate, config.convolution_rate, betas)
        self.d_adam = torch.optim.Adam(self.discriminator.parameters(), lr=config.discriminator_rate * ratio,
                                       betas=(0.0, 0.99 ** ratio))
        self.synthesis = compiled(self.generator.synthesis, settings.compile)
        # R1 differentiates twice, which compiled networks cannot.
        self.compiled_discriminator = compiled(self.discriminator, settings.compile)

    def parts(self) -> dict:
        return {"generator": self.generator, "discriminator": self.discriminator, "average": self.average,
                "augmentation": self.augmentation, "g_optimizer": self.g_optimizer, "d_adam": self.d_adam}

    def latent(self, count: int) -> Tensor:
        return torch.randn(count, self.config.z_dim, device=self.device)

    @torch.no_grad()
    def sample(self, z: Tensor, resolution: int, alpha: float) -> Tensor:
        """Images of the averaged generator."""
        net = self.average.net
        return net.synthesis(net.codes(z), resolution, fading(alpha))

    def schedule(self, run: Run) -> float:
        fall = min(1.0, 3 * (1 - run.progress)) if self.data.lesson else 1.0
        return fall * min(1.0, 0.05 + run.images / 2000)

    def generate(self, batch: int, stage: tuple[int, float]) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """(images, what the first of them should be, weights of its pixels)."""
        resolution, alpha = stage
        lesson, wanted, weight = self.data.lesson, None, None
        z = self.latent(batch)
        if lesson:
            z[: batch // 2], wanted, weight = lesson.draw(batch // 2)
        codes = self.generator.codes(z)
        taught = batch // 2 if lesson else 0
        codes = torch.cat([codes[:taught], mixed(codes[taught:], self.config.mixing)])
        # As real images come, so that D is compiled once for both.
        fake = self.synthesis(codes, resolution, fading(alpha)).float()
        return fake, wanted, weight

    def step(self, run: Run, batch: int, number: int) -> None:
        config = self.config
        resolution, alpha, gamma = stage_at(config, run.progress)
        # At first D knows nothing: its say grows while it learns.
        say = min(1.0, run.images / config.warm_up) if config.warm_up else 1.0
        self.discriminator.requires_grad_(False)
        with half_precision(self.device, config.bfloat16):
            fake, wanted, weight = self.generate(batch, (resolution, alpha))
            judged = self.compiled_discriminator(self.augmentation(fake), fading(alpha))
        g_loss = F.softplus(-judged.float()).mean()
        run.record(g_loss=g_loss)
        if wanted is not None:
            with half_precision(self.device, config.bfloat16):
                error = self.data.lesson.error(fake[: len(wanted)], wanted, weight, alpha)
            g_loss = g_loss * say * config.adversarial_weight + error.total
            run.record(**error.parts)
        self.g_optimizer.step(g_loss, self.schedule(run))
        self.discriminator.requires_grad_(True)
        self.average.update(self.generator, batch, run.images)
        self.judge_step(run, fake.detach(), (resolution, alpha, gamma), number)

    def judge_step(self, run: Run, fake: Tensor, stage: tuple[int, float, float], number: int) -> None:
        """One step of the discriminator."""
        config, batch = self.config, len(fake)
        resolution, alpha, gamma = stage
        with half_precision(self.device, config.bfloat16):
            real = self.data.train.draw(batch, resolution, self.data.mirror).to(memory_format=torch.channels_last)
            if alpha < 1:  # reals fade as the generator does
                real = torch.lerp(F.interpolate(F.avg_pool2d(real, 2), scale_factor=2), real, alpha)
            fake_logits = self.compiled_discriminator(self.augmentation(fake), fading(alpha)).float()
            real_logits = self.compiled_discriminator(self.augmentation(real), fading(alpha)).float()
        loss = F.softplus(fake_logits).mean() + F.softplus(-real_logits).mean()
        self.augmentation.adapt(real_logits)
        run.record(d_loss=loss, gap=real_logits.mean() - fake_logits.mean(), augmentation=self.augmentation.strength)
        if number % config.r1_interval == 0:
            with half_precision(self.device, config.bfloat16):
                real = self.augmentation(real[:max(8, batch // 2)]).detach().requires_grad_(True)
                penalty = real_penalty(self.discriminator(real, fading(alpha)), real)
            loss = loss + 0.5 * gamma * config.r1_interval * penalty
            run.record(r1=penalty)
        self.d_adam.zero_grad(set_to_none=True)
        loss.backward()
        self.d_adam.step()


def train_gan(config: GanConfig, generator: Generator, discriminator: Discriminator, data: GanData,
              settings: Settings) -> tuple[Generator, Discriminator]:
    """Returns the averaged generator and the discriminator.

    After a lesson, `generator` is what it taught. The discriminator's say then grows over the first `warm_up` images, the
    lesson stays in the loss, and what comes back lies between the two (`adversarial_share`), or is the taught generator if the
    Fréchet distance to the *training* images did not fall.
    """
    batch, device, folder = config.budget.batch, settings.device, settings.folder
    taught = copy.deepcopy(generator).to(device).eval().requires_grad_(False)
    training = GanTraining(config, (generator, discriminator), data, settings)
    run = Run(settings, "gan", config.budget, training.parts())
    meter = FrechetMeter(data.watch, data.test)
    preview = torch.randn(64, config.z_dim, generator=torch.Generator().manual_seed(7)).to(device)
    real_sharpness = sharpness(data.test.take(torch.arange(min(512, len(data.test)), device=device)))
    net = training.average.net
    number = run.images // batch
    while not run.done:
        training.step(run, batch, number)
        number += 1
        run.advance(batch)
        if every(run, config.report_images, batch) or run.done:
            resolution, alpha, _ = stage_at(config, run.progress)
            frechet = meter(lambda n, r=resolution, a=alpha: training.sample(training.latent(n), r, a))
            sample = training.sample(preview, resolution, alpha)
            save_png(folder / "samples" / f"gan-{run.images:08d}.png", to_bytes(sample), 16,
                     max(1, generator.resolution // resolution))
            more = {"sharpness": round(sharpness(sample) / real_sharpness, 3)} if resolution == generator.resolution else {}
            run.report(resolution=resolution, alpha=round(alpha, 2), frechet=round(frechet, 4), **more)
    if data.lesson:
        net = blended(taught, net, config.adversarial_share)
    net.measure_w_avg()
    if data.choose:
        chooser = FrechetMeter(data.choose, data.train)
        before, after = (chooser(lambda n, g=g: g(training.latent(n))) for g in (taught, net))
        kept = "adversarial" if after < before else "taught"
        run.report(train_frechet_taught=round(before, 4), train_frechet_adversarial=round(after, 4), kept=kept)
        net = net if after < before else taught
    return net.eval(), training.discriminator.eval()
