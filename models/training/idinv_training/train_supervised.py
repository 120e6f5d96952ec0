"""A lesson for the generator from the renderer.

Adversarial training on a few CPU minutes finds faces, but smears what is small. The renderer knows more than a collection
of photographs does: the cause of every image. Here each image's attributes become a latent code (each attribute's rank,
as a normal deviate, in a dimension of its own; the other dimensions random), and the generator is trained to synthesise
that very image from it. Adversarial training goes on afterwards, with codes drawn at random as before.

With photographs, skip this stage (`lesson=None`) and train longer.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from .config import Preset
from .data import Pool
from .loop import Average, Run, every, half_precision
from .networks import SLOPE, Features, Generator, Mapping
from .pictures import save_png, to_bytes


def normal_ranks(attributes: Tensor, seed: int = 0) -> Tensor:
    """[N, A] -> [N, A]: each column replaced by the standard normal deviates of its ranks, ties broken at random."""
    rng = torch.Generator().manual_seed(seed)
    attributes = attributes.cpu().double()
    jitter = torch.rand(attributes.shape, generator=rng, dtype=torch.float64) * 1e-9
    rank = (attributes + jitter).argsort(0).argsort(0)
    uniform = (rank.double() + 0.5) / len(attributes)
    return (torch.erfinv(2 * uniform - 1) * 2 ** 0.5).float()


def complete_latent(known: Tensor, z_dim: int) -> Tensor:
    """[B, A] -> [B, Z]: random further dimensions, scaled so that the normalisation of z changes nothing."""
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


def train_supervised(preset: Preset, generator: Generator, train: Pool, features: Features, folder: Path, device: str,
                     resume: bool) -> Generator:
    """Returns the averaged generator."""
    config = preset.gan.lesson
    batch = config.budget.batch
    known = normal_ranks(train.attributes).to(device)
    pass_through(generator.mapping, generator.w_dim)
    generator = generator.to(device, memory_format=torch.channels_last).requires_grad_(True).train()
    generator.synthesis.lod.requires_grad_(False)
    average = Average(generator, preset.gan.ema_half_life)
    adam = torch.optim.Adam([{"params": generator.mapping.parameters(), "speed": config.mapping_speed},
                             {"params": [p for p in generator.synthesis.parameters() if p.requires_grad], "speed": 1.0}],
                            lr=config.learning_rate, betas=(0.9, 0.99))
    run = Run(folder, "lesson", config.budget, {"generator": generator, "average": average, "adam": adam},
              preset.checkpoint_minutes, resume)
    while not run.done:
        for group in adam.param_groups:
            group["lr"] = group["speed"] * config.learning_rate * min(1.0, 2 * (1 - run.progress), 0.05 + run.images / 5000)
        index = torch.randint(len(train), (batch,), device=device)
        real = train.take(index).to(memory_format=torch.channels_last)
        with half_precision(device, preset.gan.bfloat16):
            fake = generator.synthesis(generator.codes(complete_latent(known[index], generator.z_dim))).float()
            pixel = F.mse_loss(fake, real)
            with torch.no_grad():
                wanted = features(real).float()
            perceptual = F.mse_loss(features(fake).float(), wanted)
        loss = pixel + config.perceptual_weight * perceptual
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()
        run.record(pixel=pixel, perceptual=perceptual)
        average.update(generator, batch, run.images)
        run.advance(batch)
        if every(run, 20_000, batch) or run.done:
            with torch.no_grad():
                x = train.take(torch.arange(32, device=device))
                y = average.net(complete_latent(known[:32], generator.z_dim))
                z = average.net(torch.randn(32, generator.z_dim, device=device))
            save_png(folder / "samples" / f"lesson-{run.images:08d}.png", to_bytes(torch.cat([x, y, z])), 16, 2)
            run.report()
    return average.net
