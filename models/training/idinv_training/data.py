"""Image pools: rendered once, kept as uint8 in memory, drawn from at random."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from . import faces
from .config import DataConfig


class Pool:
    """`images` [N, 3, R, R] uint8 and the attributes [N, A] they were rendered from."""

    def __init__(self, images: Tensor, attributes: Tensor):
        self.images, self.attributes = images, attributes

    def __len__(self) -> int:
        return len(self.images)

    def to(self, device: torch.device | str) -> "Pool":
        return Pool(self.images.to(device), self.attributes.to(device))

    def draw(self, count: int, resolution: int | None = None, mirror: bool = False) -> Tensor:
        """`count` random images in [-1, 1], optionally reduced to `resolution`, half of them mirrored."""
        index = torch.randint(len(self), (count,), device=self.images.device)
        return self.take(index, resolution, mirror)

    def take(self, index: Tensor, resolution: int | None = None, mirror: bool = False) -> Tensor:
        x = self.images[index].float() / 127.5 - 1
        if resolution is not None and resolution < x.shape[-1]:
            x = F.avg_pool2d(x, x.shape[-1] // resolution)
        if mirror:
            flip = torch.rand(len(x), 1, 1, 1, device=x.device) < 0.5
            x = torch.where(flip, x.flip(3), x)
        return x


def load_pool(config: DataConfig, split: str, folder: Path, device: str = "cpu") -> Pool:
    """The `train` or `test` pool, rendered on first use and then read from `folder`."""
    count, seed = {"train": (config.train_images, config.train_seed), "test": (config.test_images, config.test_seed)}[split]
    path = folder / f"{split}-{config.resolution}px-{count}-seed{seed}-ss{config.supersample}.pth"
    attributes = faces.sample_attributes(count, seed)
    if path.exists():
        return Pool(torch.load(path), attributes).to(device)
    paint = faces._paint
    if count > 4096:
        paint = torch.compile(paint, dynamic=False)  # pays for its minute of compilation
    chunk = 64
    padded = F.pad(attributes, (0, 0, 0, -count % chunk)).to(device)
    images = faces.render(padded, config.resolution, config.supersample, chunk, paint)[:count].cpu()
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(images, path)
    return Pool(images, attributes).to(device)
