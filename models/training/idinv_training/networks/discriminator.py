"""The discriminator of generator and encoder."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .common import FIRST_RESOLUTION, SLOPE, SQRT2, Blur


class _EqualConv(nn.Module):
    """Convolution with bias at equalised learning rate."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, gain: float = SQRT2):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale, self.stride, self.padding = gain / math.sqrt(inputs * kernel * kernel), stride, kernel // 2

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight * self.scale, self.bias, stride=self.stride, padding=self.padding)


class _DownBlock(nn.Module):
    """Residual block [B, C, r, r] -> [B, C', r/2, r/2] with blurred stride-2 steps."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv1 = _EqualConv(inputs, inputs)
        self.blur = Blur(inputs)
        self.conv2 = _EqualConv(inputs, outputs, stride=2)
        self.skip = _EqualConv(inputs, outputs, kernel=1, gain=1.0)

    def forward(self, x: Tensor) -> Tensor:
        y = F.leaky_relu(self.conv1(x), SLOPE)
        y = F.leaky_relu(self.conv2(self.blur(y)), SLOPE)
        return (y + self.skip(F.avg_pool2d(x, 2))) / SQRT2


class Discriminator(nn.Module):
    """[B, 3, r, r] -> [B] logits, residual, with minibatch standard deviation before the last convolution
    (Karras et al., Progressive growing of GANs, section 3). One RGB input for each resolution, for growing."""

    def __init__(self, resolution: int, fmaps_base: int, fmaps_max: int, group: int = 8):
        super().__init__()
        self.resolution, self.group = resolution, group
        channels = lambda r: min(fmaps_base // r, fmaps_max)
        r = resolution
        while r > FIRST_RESOLUTION:
            self.add_module(f"rgb{r}", _EqualConv(3, channels(r), kernel=1))
            self.add_module(f"block{r}", _DownBlock(channels(r), channels(r // 2)))
            r //= 2
        c = channels(FIRST_RESOLUTION)
        self.rgb4 = _EqualConv(3, c, kernel=1)
        self.last = _EqualConv(c + 1, c)
        self.dense = _EqualConv(c, c, kernel=4)
        self.dense.padding = 0
        self.logit = _EqualConv(c, 1, kernel=1, gain=1.0)

    def _batch_deviation(self, x: Tensor) -> Tensor:
        groups = min(self.group, len(x))
        y = x.float().view(groups, -1, *x.shape[1:])
        y = torch.sqrt(y.var(0, unbiased=False) + 1e-8).mean((1, 2, 3), keepdim=True)
        y = y.repeat(groups, 1, *x.shape[2:]).to(x.dtype)
        return torch.cat([x, y], 1)

    def forward(self, image: Tensor, alpha: Tensor | None = None) -> Tensor:
        """With `alpha`: the resolution of `image` is faded in (a tensor, so that its value does not compile anew)."""
        r = image.shape[-1]
        x = F.leaky_relu(getattr(self, f"rgb{r}")(image), SLOPE)
        x = getattr(self, f"block{r}")(x)
        r //= 2
        if alpha is not None:
            lower = F.leaky_relu(getattr(self, f"rgb{r}")(F.avg_pool2d(image, 2)), SLOPE)
            x = lower + alpha * (x - lower)
        while r > FIRST_RESOLUTION:
            x = getattr(self, f"block{r}")(x)
            r //= 2
        x = F.leaky_relu(self.last(self._batch_deviation(x)), SLOPE)
        return self.logit(F.leaky_relu(self.dense(x), SLOPE)).flatten()
