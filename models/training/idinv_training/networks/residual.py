"""The residual trunk of the published encoder, which the judge has too, in widths of its own."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from .common import SLOPE, Bias


class Norm(nn.Module):
    """Batch normalization under the published name `bn.bn`; momentum 0.1 is the published decay of 0.9."""

    def __init__(self, channels: int):
        super().__init__()
        self.bn = nn.BatchNorm2d(channels, momentum=0.1, eps=1e-5)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(x)


def plain_conv(inputs: int, outputs: int, kernel: int) -> nn.Conv2d:
    conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
    nn.init.kaiming_normal_(conv.weight, a=SLOPE)
    return conv


class ResidualFirst(nn.Module):
    def __init__(self, outputs: int):
        super().__init__()
        self.conv = plain_conv(3, outputs, 3)
        self.bn = Norm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(self.bn(self.conv(x)), SLOPE)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a 1x1 shortcut, which is absent where the width stays.

    With `use_wscale=False`, the published block divides by the scale of `wscale` before applying it: what is left is
    the convolution and a bias.
    """

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.shortcut = inputs != outputs
        if self.shortcut:
            self.conv = plain_conv(inputs, outputs, 1)
            self.bn = Norm(outputs)
        hidden = min(inputs, outputs)
        self.conv1 = plain_conv(inputs, hidden, 3)
        self.wscale1 = Bias(hidden)
        self.bn1 = Norm(hidden)
        self.conv2 = plain_conv(hidden, outputs, 3)
        self.wscale2 = Bias(outputs)
        self.bn2 = Norm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        y = F.leaky_relu(self.bn(self.conv(x)), SLOPE) if self.shortcut else x
        x = F.conv2d(x, self.conv1.weight, self.wscale1.bias, padding=1)
        x = F.leaky_relu(self.bn1(x), SLOPE)
        x = F.conv2d(x, self.conv2.weight, self.wscale2.bias, padding=1)
        return F.leaky_relu(self.bn2(x), SLOPE) + y
