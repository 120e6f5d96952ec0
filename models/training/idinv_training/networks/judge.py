"""The judge J: reads attributes off an image, and takes no part in anything that it judges."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .common import FIRST_RESOLUTION
from .residual import ResidualBlock, ResidualFirst


class Judge(nn.Module):
    """[B, 3, R, R] -> attributes [B, A] in the units of the renderer.

    A residual trunk (`block0` at full resolution, each further block behind a 2x2 average pooling, down to 4x4) and one
    dense layer, whose outputs have mean 0 and deviation 1 in training: `std` and `mean` bring them back.
    """

    def __init__(self, resolution: int, channels: Sequence[int], attributes: int):
        super().__init__()
        blocks = int(math.log2(resolution // FIRST_RESOLUTION)) + 1
        if len(channels) != blocks:
            raise ValueError(f"{len(channels)} widths for {blocks} blocks at {resolution} px")
        self.resolution, self.blocks = resolution, blocks
        self.block0 = ResidualFirst(channels[0])
        for i in range(1, blocks):
            self.add_module(f"block{i}", ResidualBlock(channels[i - 1], channels[i]))
        self.dense = nn.Linear(channels[-1] * FIRST_RESOLUTION ** 2, attributes)
        self.register_buffer("mean", torch.zeros(attributes))
        self.register_buffer("std", torch.ones(attributes))

    @staticmethod
    def widths(state: Mapping[str, Tensor]) -> list[int]:
        """`channels` of the network with this state dict."""
        found = [state["block0.conv.weight"].shape[0]]
        while (name := f"block{len(found)}.conv2.weight") in state:
            found.append(state[name].shape[0])
        return found

    def features(self, image: Tensor) -> Tensor:
        """[B, C, 4, 4]: what the attributes are read from."""
        x = self.block0(image)
        for i in range(1, self.blocks):
            x = getattr(self, f"block{i}")(F.avg_pool2d(x, 2))
        return x

    def standardised(self, image: Tensor) -> Tensor:
        # NCHW order is part of the file: flatten only after leaving any other memory layout.
        return self.dense(self.features(image).contiguous().flatten(1))

    def forward(self, image: Tensor) -> Tensor:
        return self.standardised(image) * self.std + self.mean
