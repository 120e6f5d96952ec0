"""Perceptual features (Simonyan, Zisserman: Very deep convolutional networks for large-scale image recognition, ICLR 2015)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BGR_MEAN = (103.939, 116.779, 123.68)
POOL = "pool"
VGG16_PLAN: tuple = (64, 64, POOL, 128, 128, POOL, 256, 256, 256, POOL, 512, 512, 512, POOL, 512, 512, 512)


class Features(nn.Module):
    """A plain VGG trunk: [B, 3, R, R] -> [B, C, R/2^p, R/2^p], the ReLU of its last convolution.

    `plan` lists convolution widths and pools. Layers are numbered as in VGG16: convolution, ReLU and pooling each take
    an index, only convolutions have weights (`layer0.weight`, `layer2.weight`, `layer5.weight` ...).
    """

    def __init__(self, plan: Sequence = VGG16_PLAN):
        super().__init__()
        self.steps: list[tuple[str, str]] = []
        index, inputs = 0, 3
        for item in plan:
            if item == POOL:
                self.steps.append((POOL, ""))
                index += 1
                continue
            conv = nn.Conv2d(inputs, item, 3, padding=1)
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            nn.init.zeros_(conv.bias)
            self.add_module(f"layer{index}", conv)
            self.steps.append(("conv", f"layer{index}"))
            index, inputs = index + 2, item
        self.channels = inputs
        self.register_buffer("mean", torch.tensor(BGR_MEAN).view(1, 3, 1, 1), persistent=False)

    def convolutions(self) -> list[nn.Conv2d]:
        return [getattr(self, name) for kind, name in self.steps if kind == "conv"]

    def forward(self, image: Tensor) -> Tensor:
        x = ((image + 1) * 127.5).flip(1) - self.mean
        for kind, name in self.steps:
            x = F.max_pool2d(x, 2) if kind == POOL else F.relu(getattr(self, name)(x))
        return x

    @torch.no_grad()
    def rescale(self, factor: float) -> None:
        """Multiplies the output by `factor`, exactly, in equal parts over the layers: ReLU and max-pooling commute
        with positive factors."""
        convs = self.convolutions()
        part = factor ** (1 / len(convs))
        for i, conv in enumerate(convs, start=1):
            conv.weight.mul_(part)
            conv.bias.mul_(part ** i)
