"""StyleGAN2's generator (Karras et al., Analyzing and improving the image quality of StyleGAN, CVPR 2020), config F.

Parameter names are those of the PyTorch port that most others copy (`style.1.weight`, `convs.0.conv.modulation.weight`): an
encoder can be trained for such a checkpoint. Read-only here: no path length regularization, noise as stored.
"""

from __future__ import annotations

import math
from collections.abc import Mapping as Dictionary

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .common import FIRST_RESOLUTION, SLOPE, SQRT2, style_layers


def _blur_kernel(gain: float) -> Tensor:
    line = torch.tensor([1.0, 3.0, 3.0, 1.0])
    kernel = torch.outer(line, line)
    return kernel / kernel.sum() * gain


def _blurred(x: Tensor, kernel: Tensor, before: int, after: int) -> Tensor:
    """[B, C, H, W], each channel convolved with `kernel` [4, 4] behind a border of zeros."""
    channels = x.shape[1]
    x = F.pad(x, (before, after, before, after))
    return F.conv2d(x, kernel.flip(0, 1).to(x.dtype).repeat(channels, 1, 1, 1), groups=channels)


def _activated(x: Tensor) -> Tensor:
    return F.leaky_relu(x, SLOPE) * SQRT2


class _Equal(nn.Module):
    """Dense layer at equalised learning rate, [B, in] -> [B, out]."""

    def __init__(self, inputs: int, outputs: int, lr_multiplier: float = 1.0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / lr_multiplier)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale, self.lr_multiplier = lr_multiplier / math.sqrt(inputs), lr_multiplier

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * self.scale, self.bias * self.lr_multiplier)


class _Modulated(nn.Module):
    """Convolution whose input channels a code scales, and whose outputs are brought back to unit variance."""

    def __init__(self, inputs: int, outputs: int, kernel: int, w_dim: int, demodulates: bool = True, doubles: bool = False):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(1, outputs, inputs, kernel, kernel))
        self.modulation = _Equal(w_dim, inputs)
        nn.init.ones_(self.modulation.bias)
        self.scale, self.padding = 1 / math.sqrt(inputs * kernel * kernel), kernel // 2
        self.demodulates, self.doubles = demodulates, doubles
        if doubles:
            self.register_buffer("kernel", _blur_kernel(4.0), persistent=False)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        weight = self.weight[0] * self.scale
        style = self.modulation(w)
        x = x * style[:, :, None, None]  # the weights are shared: what the style scales is the input
        if self.doubles:
            x = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
            x = _blurred(x, self.kernel, 1, 1)
        else:
            x = F.conv2d(x, weight, padding=self.padding)
        if self.demodulates:
            energy = style.square() @ weight.square().sum((2, 3)).T
            x = x * torch.rsqrt(energy + 1e-8)[:, :, None, None]
        return x


class _StyledConv(nn.Module):
    def __init__(self, inputs: int, outputs: int, w_dim: int, doubles: bool = False):
        super().__init__()
        self.conv = _Modulated(inputs, outputs, 3, w_dim, doubles=doubles)
        self.noise = nn.Module()
        self.noise.weight = nn.Parameter(torch.zeros(1))
        self.activate = nn.Module()
        self.activate.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor, w: Tensor, noise: Tensor) -> Tensor:
        x = self.conv(x, w) + self.noise.weight * noise
        return _activated(x + self.activate.bias[None, :, None, None])


class _ToRGB(nn.Module):
    def __init__(self, inputs: int, w_dim: int):
        super().__init__()
        self.conv = _Modulated(inputs, 3, 1, w_dim, demodulates=False)
        self.bias = nn.Parameter(torch.zeros(1, 3, 1, 1))
        self.register_buffer("kernel", _blur_kernel(4.0), persistent=False)

    def forward(self, x: Tensor, w: Tensor, lower: Tensor | None) -> Tensor:
        image = self.conv(x, w) + self.bias
        if lower is None:
            return image
        b, c, h, width = lower.shape
        spread = lower.new_zeros(b, c, h, 2, width, 2)  # a zero behind each pixel
        spread[:, :, :, 0, :, 0] = lower
        return image + _blurred(spread.view(b, c, 2 * h, 2 * width), self.kernel, 2, 1)


class _Synthesis2(nn.Module):
    """Codes to image: [B, L, D] -> [B, 3, R, R]. A view on the generator's modules, so that both kinds are used alike."""

    def __init__(self, owner: StyleGAN2):
        super().__init__()
        self._owner = (owner,)  # in a tuple: no module of its own

    def forward(self, w: Tensor) -> Tensor:
        return self._owner[0].synthesise(w)


class StyleGAN2(nn.Module):
    """`widths`: channels of each resolution from 4 px up."""

    def __init__(self, widths: list[int], z_dim: int, w_dim: int, mapping_layers: int = 8):
        super().__init__()
        self.resolution = FIRST_RESOLUTION << (len(widths) - 1)
        self.z_dim, self.w_dim, self.layers = z_dim, w_dim, style_layers(self.resolution)
        self.style = nn.ModuleList([nn.Identity()] + [_Equal(z_dim if i == 0 else w_dim, w_dim, 0.01)
                                                      for i in range(mapping_layers)])
        self.input = nn.Module()
        self.input.input = nn.Parameter(torch.randn(1, widths[0], FIRST_RESOLUTION, FIRST_RESOLUTION))
        self.conv1 = _StyledConv(widths[0], widths[0], w_dim)
        self.to_rgb1 = _ToRGB(widths[0], w_dim)
        self.convs, self.to_rgbs = nn.ModuleList(), nn.ModuleList()
        self.noises = nn.Module()
        for i in range(2 * len(widths) - 1):
            side = FIRST_RESOLUTION << ((i + 1) // 2)
            self.noises.register_buffer(f"noise_{i}", torch.randn(1, 1, side, side))
        for inputs, outputs in zip(widths, widths[1:]):
            self.convs.append(_StyledConv(inputs, outputs, w_dim, doubles=True))
            self.convs.append(_StyledConv(outputs, outputs, w_dim))
            self.to_rgbs.append(_ToRGB(outputs, w_dim))
        self.register_buffer("latent_avg", torch.zeros(w_dim), persistent=False)
        self.synthesis = _Synthesis2(self)

    @classmethod
    def of_state(cls, state: Dictionary[str, Tensor], latent_avg: Tensor | None = None) -> StyleGAN2:
        """The network of a state dict; sizes follow from its shapes."""
        widths = [state["input.input"].shape[1]]
        while (name := f"convs.{2 * len(widths) - 2}.conv.weight") in state:
            widths.append(state[name].shape[1])
        mapping = sum(1 for name in state if name.startswith("style.") and name.endswith(".weight"))
        w_dim, z_dim = state["style.1.weight"].shape
        net = cls(widths, z_dim, w_dim, mapping)
        known = net.state_dict()
        lacking = [name for name in known if name not in state and not name.startswith("noises.")]
        if lacking:
            raise ValueError(f"lacks {lacking[0]} and {len(lacking) - 1} more")
        kept = {name: value for name, value in state.items() if name in known}
        # Channels follow the state: kernels of the port are constants.
        net.load_state_dict(kept, strict=False)
        with torch.no_grad():
            if latent_avg is not None and latent_avg.numel() == w_dim:
                net.latent_avg.copy_(latent_avg.flatten())
            else:
                z = torch.randn(4096, z_dim, generator=torch.Generator().manual_seed(0))
                net.latent_avg.copy_(net.codes(z)[:, 0].mean(0))
        return net.eval().requires_grad_(False)

    def codes(self, z: Tensor, truncate: bool = False) -> Tensor:
        """[B, Z] -> [B, L, D]."""
        w = z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)
        for layer in list(self.style)[1:]:
            w = _activated(layer(w))
        if truncate:
            w = self.latent_avg + 0.7 * (w - self.latent_avg)
        return w[:, None].expand(-1, self.layers, -1)

    def synthesise(self, w: Tensor) -> Tensor:
        noise = lambda i: getattr(self.noises, f"noise_{i}")
        x = self.conv1(self.input.input.expand(len(w), -1, -1, -1), w[:, 0], noise(0))
        image = self.to_rgb1(x, w[:, 1], None)
        for i, to_rgb in enumerate(self.to_rgbs):
            x = self.convs[2 * i](x, w[:, 2 * i + 1], noise(2 * i + 1))
            x = self.convs[2 * i + 1](x, w[:, 2 * i + 2], noise(2 * i + 2))
            image = to_rgb(x, w[:, 2 * i + 3], image)
        return image

    def forward(self, z: Tensor, truncate: bool = False) -> Tensor:
        return self.synthesise(self.codes(z, truncate))
