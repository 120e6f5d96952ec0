"""What several networks share."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

FIRST_RESOLUTION = 4
SLOPE = 0.2  # of every leaky ReLU
SQRT2 = math.sqrt(2.0)


def style_layers(resolution: int) -> int:
    """Number of styles `L` of a generator: two for each resolution from 4 px up."""
    return 2 * int(math.log2(resolution // FIRST_RESOLUTION * 2))


def blur_kernel(channels: int) -> Tensor:
    """The binomial filter (1 2 1) x (1 2 1) / 16, one copy for each channel: [channels, 1, 3, 3]."""
    line = torch.tensor([1.0, 2.0, 1.0])
    return (torch.outer(line, line) / 16).repeat(channels, 1, 1, 1)


class Blur(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.register_buffer("kernel", blur_kernel(channels))

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.conv2d(x, self.kernel.to(x.dtype), padding=1, groups=x.shape[1])


class Bias(nn.Module):
    """Holds a bias under the published name `wscale.bias`."""

    def __init__(self, channels: int):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))
