"""Image pools: rendered once, kept as uint8 in memory, drawn from at random."""

from __future__ import annotations

import os
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from . import faces
from .config import DataConfig
from .loop import compiled


class Pool:
    """`images` [N, 3, R, R] uint8 and the attributes [N, A] they were rendered from; with `index`, those of them only."""

    def __init__(self, images: Tensor, attributes: Tensor, index: Tensor | None = None):
        self.images, self.attributes, self.index = images, attributes, index

    def __len__(self) -> int:
        return len(self.images) if self.index is None else len(self.index)

    def to(self, device: torch.device | str) -> Pool:
        return Pool(self.images.to(device), self.attributes.to(device), self.index)

    def first(self, count: int) -> Pool:
        return Pool(self.images[:count], self.attributes[:count])

    def draw(self, count: int, resolution: int | None = None, mirror: bool = False) -> Tensor:
        """`count` random images in [-1, 1], optionally reduced to `resolution`, half of them mirrored."""
        index = torch.randint(len(self), (count,), device=self.images.device)
        return self.take(index, resolution, mirror)

    def take(self, index: Tensor, resolution: int | None = None, mirror: bool = False) -> Tensor:
        if self.index is not None:
            index = self.index[index]
        x = self.images[index].float() / 127.5 - 1
        if resolution is not None and resolution < x.shape[-1]:
            x = F.avg_pool2d(x, x.shape[-1] // resolution)
        if mirror:
            flip = torch.rand(len(x), 1, 1, 1, device=x.device) < 0.5
            x = torch.where(flip, x.flip(3), x)
        return x


SHARD = 8192


def _shards(config: DataConfig, split: str, folder: Path) -> tuple[int, int, list[Path]]:
    count, seed = {"train": (config.train_images, config.train_seed), "test": (config.test_images, config.test_seed),
                   "judge": (config.train_images, config.judge_seed)}[split]
    name = f"{split}-{config.resolution}px-{count}-seed{seed}-ss{config.supersample}"
    return count, seed, [folder / f"{name}-{i}.pth" for i in range(-(-count // SHARD))]


def render_pool(config: DataConfig, split: str, folder: Path, device: str = "cpu", turn: tuple[int, int] = (0, 1)) -> None:
    """Renders the shards of a pool that are missing; with `turn` (i, n), only every n-th from the i-th, for n processes."""
    count, seed, paths = _shards(config, split, folder)
    attributes = faces.sample_attributes(count, seed)
    on_cpu = torch.device(device).type == "cpu"
    # Compilation takes a minute and makes rendering on a CPU several times faster.
    paint = compiled(faces._paint, count > 4096 and on_cpu)
    folder.mkdir(parents=True, exist_ok=True)
    chunk = 64 if on_cpu else 256
    for i in range(turn[0], len(paths), turn[1]):
        if paths[i].exists():
            continue
        start, clock = i * SHARD, time.monotonic()
        part = attributes[start:start + SHARD]
        padded = F.pad(part, (0, 0, 0, -len(part) % chunk)).to(device)
        images = faces.render(padded, config.resolution, config.supersample, chunk, paint)[:len(part)].cpu()
        partial = paths[i].with_suffix(".partial")
        torch.save(images, partial)
        os.replace(partial, paths[i])
        print(f"{split} images {start + len(part)} of {count}, {len(part) / (time.monotonic() - clock):.0f} per second", flush=True)


def load_pool(config: DataConfig, split: str, folder: Path, device: str = "cpu") -> Pool:
    """The `train` or `test` pool, rendered on first use and then read from `folder`."""
    render_pool(config, split, folder, device)
    count, seed, paths = _shards(config, split, folder)
    return Pool(torch.cat([torch.load(path) for path in paths]), faces.sample_attributes(count, seed)).to(device)
