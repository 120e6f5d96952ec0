"""A lesson for the generator from the renderer.

Adversarial training on a few CPU minutes finds faces, but smears what is small. The renderer knows more than a collection
of photographs does: the cause of every image. Here each image's attributes become a latent code (each attribute's rank,
as a normal deviate, in a dimension of its own; the other dimensions random), and the generator is trained to synthesise
that very image from it: small first, since small images are cheap, then larger. Adversarial training goes on from there, with
codes drawn at random (`train_gan.py`).

With photographs, skip this stage (`lesson=None`) and train longer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from . import faces
from .config import LessonConfig, Preset
from .data import Pool
from .loop import Average, Run, Settings, compiled, every, half_precision
from .metrics import FrechetMeter
from .networks import SLOPE, Generator, Mapping
from .optimizer import Optimizer
from .pictures import save_png, to_bytes
from .train_features import Perception


def normal_ranks(attributes: Tensor, seed: int = 0) -> Tensor:
    """[N, A] -> [N, A]: each column replaced by the standard normal deviates of its ranks, ties broken at random."""
    rng = torch.Generator().manual_seed(seed)
    attributes = attributes.cpu().double()
    jitter = torch.rand(attributes.shape, generator=rng, dtype=torch.float64) * 1e-9
    rank = (attributes + jitter).argsort(0).argsort(0)
    uniform = (rank.double() + 0.5) / len(attributes)
    return (torch.erfinv(2 * uniform - 1) * 2 ** 0.5).float()


def complete_latent(known: Tensor, z_dim: int) -> Tensor:
    """[B, A] -> [B, Z]: random further dimensions, scaled so that the normalization of z changes nothing."""
    rest = torch.randn(len(known), z_dim - known.shape[1], device=known.device)
    room = (z_dim - known.square().sum(1, keepdim=True)).clamp_min(1.0)
    return torch.cat([known, rest * (room / rest.square().sum(1, keepdim=True)).sqrt()], 1)


@torch.no_grad()
def pass_through(mapping: Mapping, per_layer: int, noise: float = 0.1) -> None:
    """Sets the mapping network so that every code starts as (+z, -z), leaky ReLU applied, plus a little noise.

    Eight random layers scramble z so thoroughly that a cause can hardly be found again. With pairs of opposite units,
    leaky ReLU layers are linear (Balduzzi et al., The shattered gradients problem, ICML 2017, section 5): as many
    dimensions of z as there are pairs arrive unchanged, the first ones, which is where the attributes are.
    """
    layers = [getattr(mapping, f"dense{i}") for i in range(mapping.depth)]
    for i, layer in enumerate(layers):
        outputs, inputs = layer.fc.weight.shape
        width = per_layer if i == mapping.depth - 1 else outputs  # the last layer: one such code for each style layer
        pairs = min(width // 2, inputs if i == 0 else inputs // 2)
        one = torch.eye(pairs)
        code = torch.zeros(width, inputs)
        code[:pairs, :pairs], code[width // 2:width // 2 + pairs, :pairs] = one, -one
        if i > 0:  # difference of a pair: (1 + slope) x
            half = inputs // 2
            code[:pairs, half:half + pairs], code[width // 2:width // 2 + pairs, half:half + pairs] = -one, one
            code /= 1 + SLOPE
        weight = code.repeat(outputs // width, 1)
        weight = weight + torch.randn(outputs, inputs) * noise / inputs ** 0.5
        layer.fc.weight.copy_(weight / layer.scale)
        layer.wscale.bias.zero_()


def lesson_at(config: LessonConfig, progress: float) -> tuple[int, float]:
    """(resolution, alpha of the fade) at a share `progress` of the budget."""
    start = 0.0
    for i, (resolution, share) in enumerate(config.stages):
        if progress < start + share or i == len(config.stages) - 1:
            return resolution, 1.0 if i == 0 else min(1.0, (progress - start) / share / config.fade)
        start += share
    raise AssertionError("no stages")


class Lesson:
    """Pairs of latent codes and images, and the error of a generator on them."""

    def __init__(self, preset: Preset, train: Pool, perception: Perception):
        self.config, self.z_dim, self.train, self.perception = preset.gan.lesson, preset.gan.z_dim, train, perception
        self.known = normal_ranks(train.attributes).to(train.images.device)

    def draw(self, batch: int) -> tuple[Tensor, Tensor, Tensor]:
        """(z [B, Z], images [B, 3, R, R], weights of their pixels [B, 1, R, R])."""
        index = torch.randint(len(self.train), (batch,), device=self.train.images.device)
        image = self.train.take(index).to(memory_format=torch.channels_last)
        weight = 1 + self.config.focus * faces.focus(self.train.attributes[index], image.shape[-1])
        return complete_latent(self.known[index], self.z_dim), image, weight / weight.mean()

    def error(self, fake: Tensor, real: Tensor, weight: Tensor, alpha: float = 1.0) -> LessonError:
        """Of [B, 3, r, r] against [B, 3, R, R], pixels weighted by [B, 1, R, R]."""
        small = real.shape[-1] // fake.shape[-1]
        fake = fake.float()
        if small > 1:
            wanted, weight = F.avg_pool2d(real, small), F.avg_pool2d(weight, small)
        else:
            wanted = real
        difference = fake - wanted
        parts = {"pixel": (weight * difference.square()).mean()}
        total = parts["pixel"]
        if self.config.edge_weight:
            across = (weight[..., 1:] * difference.diff(dim=-1).abs()).mean()
            down = (weight[..., 1:, :] * difference.diff(dim=-2).abs()).mean()
            parts["edge"] = (across + down) / 2
            total = total + self.config.edge_weight * parts["edge"]
        if small == 1 and alpha == 1:  # F knows full resolution only
            parts["perceptual"], parts["attributes"] = self.perception.errors(fake, real)
            total = total + self.config.perceptual_weight * parts["perceptual"] + self.config.attribute_weight * parts["attributes"]
        return LessonError(total, parts)


@dataclass
class LessonError:
    """`total` is the loss, `parts` its terms before weighting: squared error, error of the differences of neighboring
    pixels, squared error in F and of what F's head reads."""

    total: Tensor
    parts: dict[str, Tensor]


def train_supervised(preset: Preset, generator: Generator, pools: tuple[Pool, Pool], perception: Perception,
                     settings: Settings, taught: bool = False) -> Generator:
    """`pools`: training and held-out images. A `taught` generator goes on at full resolution; another one begins small. Returns
    the averaged generator."""
    train, test = pools
    config, device, folder = preset.gan.lesson, settings.device, settings.folder
    batch = config.budget.batch
    lesson = Lesson(preset, train, perception)
    if taught:
        config = replace(config, stages=((generator.resolution, 1.0),))
    else:
        pass_through(generator.mapping, generator.w_dim)
    generator = generator.to(device, memory_format=torch.channels_last).requires_grad_(True).train()
    generator.synthesis.lod.requires_grad_(False)
    average = Average(generator, preset.gan.ema_half_life)
    optimizer = Optimizer([(generator.mapping, config.mapping_speed), (generator.synthesis, 1.0)], config.learning_rate,
                          config.convolution_rate)
    run = Run(settings, "lesson", config.budget, {"generator": generator, "average": average, "optimizer": optimizer})
    meter = FrechetMeter(perception.features, test)
    synthesis = compiled(generator.synthesis, settings.compile)
    while not run.done:
        resolution, alpha = lesson_at(config, run.progress)
        z, real, weight = lesson.draw(batch)
        with half_precision(device, preset.gan.bfloat16):
            fake = synthesis(generator.codes(z), resolution, torch.tensor(alpha) if alpha < 1 else None)
            error = lesson.error(fake, real, weight, alpha)
        optimizer.step(error.total, run.schedule(2))
        run.record(**error.parts)
        average.update(generator, batch, run.images)
        run.advance(batch)
        if every(run, 20_000, batch) or run.done:
            draw = lambda z, r=resolution: average.net.synthesis(average.net.codes(z), r)
            frechet = meter(lambda n, draw=draw: draw(torch.randn(n, generator.z_dim, device=device)))
            with torch.no_grad():
                x = F.adaptive_avg_pool2d(train.take(torch.arange(32, device=device)), resolution)
                y = draw(complete_latent(lesson.known[:32], generator.z_dim))
                z = draw(torch.randn(32, generator.z_dim, generator=torch.Generator().manual_seed(7)).to(device))
            save_png(folder / "samples" / f"lesson-{run.images:08d}.png", to_bytes(torch.cat([x, y, z])), 16,
                     max(1, 64 // resolution))
            run.report(resolution=resolution, alpha=round(alpha, 2), frechet=round(frechet, 4))
    average.net.measure_w_avg()
    return average.net.eval()
