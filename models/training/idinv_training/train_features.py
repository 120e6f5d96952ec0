"""The feature network F: a small VGG trunk trained to read the attributes off rendered faces.

The published F is VGG16 trained on ImageNet. What the loss needs of it are features that change with what is seen, not
with where a pixel lies; here the exact attributes of the renderer teach that. The head that turns features into attributes
is kept apart from the trunk.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import Preset
from .data import Pool
from .loop import Run, Settings, every, half_precision
from .networks import POOL, Features
from .optimizer import Optimizer

# The published preprocessing feeds values of about +-128. Training works with an input of order one and folds the factor
# into the first layer at the end.
INPUT_GAIN = 1 / 64


class AttributeHead(nn.Module):
    """Features [B, C, h, w] -> attributes [B, A]: convolution, ReLU, 2x2 averages, one dense layer, `std` and `mean`."""

    def __init__(self, channels: int, size: int, attributes: int, hidden: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, hidden, 3, padding=1)
        self.dense = nn.Linear(hidden * (size // 2) ** 2, attributes)
        self.register_buffer("mean", torch.zeros(attributes))
        self.register_buffer("std", torch.ones(attributes))

    def standardised(self, features: Tensor) -> Tensor:
        # NCHW order is part of the file: flatten only after leaving any other memory layout.
        return self.dense(F.avg_pool2d(F.relu(self.conv(features)), 2).contiguous().flatten(1))

    def forward(self, features: Tensor) -> Tensor:
        """In the units of the renderer."""
        return self.standardised(features) * self.std + self.mean


class Perception:
    """F and, where there is one, its head, frozen: what losses see of an image beside its pixels."""

    def __init__(self, features: Features, head: AttributeHead | None = None):
        self.features, self.head = features, head

    def errors(self, fake: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        """Of images [B, 3, R, R] against others: mean squared error of the features, and of what the head reads off them, in
        standard deviations of the attributes (0 without a head).

        Features lie mostly at what is large. What moves few pixels (the jaw, an iris, a frown) is in them, but hardly in
        their squared error; the head says how much each counts."""
        with torch.no_grad():
            wanted = self.features(real)
        features = self.features(fake)
        perceptual = F.mse_loss(features.float(), wanted.float())
        if self.head is None:
            return perceptual, perceptual.new_zeros(())
        return perceptual, F.mse_loss(self.head.standardised(features).float(), self.head.standardised(wanted).float())


class AttributeReader(nn.Module):
    """Trunk and head, while training."""

    def __init__(self, preset: Preset, attributes: int):
        super().__init__()
        self.trunk = Features(preset.features.plan)
        size = preset.data.resolution >> preset.features.plan.count(POOL)
        self.head = AttributeHead(self.trunk.channels, size, attributes, preset.features.hidden)

    @torch.no_grad()
    def take(self, start: Perception, feature_mse: float) -> None:
        """What an earlier training ended with, at the size in which training works: features of order one."""
        self.trunk.load_state_dict(start.features.state_dict())
        self.head.load_state_dict(start.head.state_dict())
        self.trunk.layer0.weight.div_(INPUT_GAIN)
        self.trunk.rescale(feature_mse ** -0.5)
        self.head.conv.weight.mul_(feature_mse ** 0.5)

    def forward(self, image: Tensor) -> Tensor:
        """Standardised attributes."""
        # Scaling the weight instead of the input: the same numbers, and the trunk keeps its published preprocessing.
        first = {"layer0.weight": self.trunk.layer0.weight * INPUT_GAIN}
        return self.head.standardised(torch.func.functional_call(self.trunk, first, (image,)))


@torch.no_grad()
def determination(reader: AttributeReader, pool: Pool, batch: int = 256) -> Tensor:
    """R^2 for each attribute on `pool`: [A]."""
    reader.eval()
    target = (pool.attributes - reader.head.mean) / reader.head.std
    index = torch.arange(len(pool), device=target.device)
    guess = torch.cat([reader(pool.take(part)) for part in index.split(batch)])
    reader.train()
    return 1 - (guess - target).square().mean(0) / target.var(0).clamp_min(1e-6)


@torch.no_grad()
def feature_distance(trunk: Features, pool: Pool, count: int = 512) -> float:
    """Mean squared difference between the features of unrelated images."""
    index = torch.arange(min(count, len(pool)) // 2 * 2, device=pool.images.device)
    a, b = trunk(pool.take(index)).chunk(2)
    return float((a - b).square().mean())


def train_features(preset: Preset, train: Pool, test: Pool, settings: Settings,
                   start: Perception | None = None) -> tuple[Features, AttributeHead]:
    """From nothing, or on from a trained trunk and head."""
    config, device = preset.features, settings.device
    reader = AttributeReader(preset, train.attributes.shape[1])
    reader.head.mean.copy_(train.attributes.mean(0))
    reader.head.std.copy_(train.attributes.std(0))
    if start:
        reader.take(start, config.feature_mse)
    reader = reader.to(device)
    optimizer = Optimizer([(reader, 1.0)], config.learning_rate, config.convolution_rate)
    run = Run(settings, "features", config.budget, {"reader": reader, "optimizer": optimizer})
    batch = config.budget.batch
    while not run.done:
        index = torch.randint(len(train), (batch,), device=device)
        target = (train.attributes[index] - reader.head.mean) / reader.head.std
        image = train.take(index).to(memory_format=torch.channels_last)
        with half_precision(device, config.bfloat16):
            guess = reader(image)
        loss = F.mse_loss(guess.float(), target)
        optimizer.step(loss, run.schedule(2))
        run.record(loss=loss)
        run.advance(batch)
        if every(run, 20_000, batch) or run.done:
            run.report(r2=round(float(determination(reader, test.first(1024)).mean()), 4))

    from .faces import NAMES
    print("R2", {n: round(float(r), 3) for n, r in zip(NAMES, determination(reader, test))}, flush=True)
    trunk, head = reader.trunk, reader.head
    with torch.no_grad():
        trunk.layer0.weight.mul_(INPUT_GAIN)
        factor = (config.feature_mse / feature_distance(trunk, test)) ** 0.5
        trunk.rescale(factor)
        head.conv.weight.div_(factor)  # the head reads the rescaled features
    print(f"features rescaled by {factor:.4g}; distance of unrelated images {feature_distance(trunk, test):.0f}", flush=True)
    return trunk.eval().requires_grad_(False), head.eval().requires_grad_(False)
