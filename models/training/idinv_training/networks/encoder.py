"""The domain-guided encoder (Zhu, Shen, Zhao, Zhou: In-domain GAN inversion for real image editing, ECCV 2020)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .common import FIRST_RESOLUTION, style_layers
from .generator import Generator, Style
from .residual import Norm, ResidualBlock, ResidualFirst


class _EncoderLast(nn.Module):
    """[B, C, 4, 4] -> [B, L*D]; always at equalised learning rate, gain one."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.fc = nn.Linear(inputs, outputs, bias=False)
        nn.init.normal_(self.fc.weight)
        self.scale = 1.0 / math.sqrt(inputs)
        self.bn = Norm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        # NCHW order is part of the checkpoint: flatten only after leaving any other memory layout.
        x = F.linear(x.contiguous().flatten(1), self.fc.weight * self.scale)
        return self.bn(x[:, :, None, None]).flatten(1)


class Encoder(nn.Module):
    """Image to codes: [B, 3, R, R] -> [B, L, D] (In-domain, section 3.1), with batch norm and without wscale."""

    def __init__(self, resolution: int, w_dim: int = 512, base: int = 64, widest: int = 1024):
        super().__init__()
        self.w_dim, self.layers = w_dim, style_layers(resolution)
        self.blocks = int(math.log2(resolution))
        self.block0 = ResidualFirst(base)
        inputs = base
        for i in range(1, self.blocks - 1):
            outputs = min(base << i, widest)
            self.add_module(f"block{i}", ResidualBlock(inputs, outputs))
            inputs = outputs
        self.add_module(f"block{self.blocks - 1}", _EncoderLast(inputs * FIRST_RESOLUTION ** 2, self.layers * w_dim))

    @property
    def last(self) -> _EncoderLast:
        return getattr(self, f"block{self.blocks - 1}")

    def forward(self, image: Tensor) -> Tensor:
        x = self.block0(image)
        for i in range(1, self.blocks - 1):
            x = getattr(self, f"block{i}")(F.avg_pool2d(x, 2))
        return self.last(x).view(-1, self.layers, self.w_dim)


@torch.no_grad()
def rescale_codes(generator: Generator, encoders: Sequence[Encoder], factor: float) -> None:
    """Multiplies all codes by `factor` without changing any image: the mapping network and the encoders put out more,
    the styles weigh it less. Exact, since leaky ReLU commutes with positive factors."""
    last = getattr(generator.mapping, f"dense{generator.mapping.depth - 1}")
    last.fc.weight.mul_(factor)
    last.wscale.bias.mul_(factor)
    generator.truncation.w_avg.mul_(factor)
    for module in generator.synthesis.modules():
        if isinstance(module, Style):
            module.dense.fc.weight.div_(factor)
    for encoder in encoders:
        encoder.last.bn.bn.weight.mul_(factor)
        encoder.last.bn.bn.bias.mul_(factor)
