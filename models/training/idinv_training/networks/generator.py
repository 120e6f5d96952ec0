"""StyleGAN (Karras, Laine, Aila: A style-based generator architecture for generative adversarial networks, CVPR 2019)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .common import FIRST_RESOLUTION, SLOPE, SQRT2, Bias, Blur, style_layers

FUSED_FROM_RESOLUTION = 128


class Dense(nn.Module):
    """Fully connected layer at equalised learning rate: [B, in] -> [B, out].

    A weight is stored divided by `scale`, so that Adam, whose steps have a fixed size, moves every layer at the same
    relative speed; `lr_multiplier` below one slows a layer down further (StyleGAN, section 2 and appendix C).
    """

    def __init__(self, inputs: int, outputs: int, gain: float = SQRT2, lr_multiplier: float = 0.01,
                 activate: bool = True):
        super().__init__()
        self.fc = nn.Linear(inputs, outputs, bias=False)
        nn.init.normal_(self.fc.weight, std=1.0 / lr_multiplier)
        self.wscale = Bias(outputs)
        self.scale = gain / math.sqrt(inputs) * lr_multiplier
        self.lr_multiplier = lr_multiplier
        self.activate = activate

    def forward(self, x: Tensor) -> Tensor:
        x = F.linear(x, self.fc.weight * self.scale, self.wscale.bias * self.lr_multiplier)
        return F.leaky_relu(x, SLOPE) if self.activate else x


class Mapping(nn.Module):
    """Z -> W: [B, widths[0]] -> [B, widths[-1]], dense layers behind a normalization of z; published are eight."""

    def __init__(self, widths: Sequence[int]):
        super().__init__()
        self.depth = len(widths) - 1
        for i in range(self.depth):
            self.add_module(f"dense{i}", Dense(widths[i], widths[i + 1]))

    def forward(self, z: Tensor) -> Tensor:
        x = z * torch.rsqrt(z.square().mean(1, keepdim=True) + 1e-8)
        for i in range(self.depth):
            x = getattr(self, f"dense{i}")(x)
        return x


class Truncation(nn.Module):
    """w -> w_avg + psi (w - w_avg) in the first layers (StyleGAN, appendix B). [B, L, D] -> [B, L, D]."""

    def __init__(self, layers: int, w_dim: int, psi: float = 0.7, psi_layers: int = 8):
        super().__init__()
        strength = torch.ones(1, layers, 1)
        strength[:, :psi_layers] = psi
        self.register_buffer("w_avg", torch.zeros(w_dim))
        self.register_buffer("truncation", strength)

    def forward(self, w: Tensor) -> Tensor:
        return self.w_avg + (w - self.w_avg) * self.truncation


class _Noise(nn.Module):
    """One noise map for all channels, a learned strength for each. Random in training, the stored map otherwise."""

    def __init__(self, resolution: int, channels: int):
        super().__init__()
        self.register_buffer("noise", torch.randn(1, 1, resolution, resolution))
        self.weight = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        noise = torch.randn_like(x[:, :1]) if self.training else self.noise
        return torch.addcmul(x, noise, self.weight.view(1, -1, 1, 1))


class Style(nn.Module):
    """The affine map from a code to a scale (around one) and a shift for each channel."""

    def __init__(self, channels: int, w_dim: int):
        super().__init__()
        self.dense = Dense(w_dim, 2 * channels, gain=1.0, lr_multiplier=1.0, activate=False)

    def forward(self, w: Tensor) -> tuple[Tensor, Tensor]:
        scale, shift = self.dense(w)[:, :, None, None].chunk(2, dim=1)
        return scale + 1, shift


class Epilogue(nn.Module):
    """Noise, bias, leaky ReLU, instance norm, style: adaptive instance normalization (StyleGAN, equation 1)."""

    def __init__(self, resolution: int, channels: int, w_dim: int):
        super().__init__()
        self.apply_noise = _Noise(resolution, channels)
        self.bias = nn.Parameter(torch.zeros(channels))
        self.style_mod = Style(channels, w_dim)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        x = F.leaky_relu(self.apply_noise(x) + self.bias.view(1, -1, 1, 1), SLOPE)
        x = x - x.mean((2, 3), keepdim=True)
        x = x * torch.rsqrt(x.square().mean((2, 3), keepdim=True) + 1e-8)
        scale, shift = self.style_mod(w)
        return torch.addcmul(shift, x, scale)


class _ScaledConv(nn.Conv2d):
    """3x3 convolution at equalised learning rate."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__(inputs, outputs, 3, padding=1, bias=False)
        nn.init.normal_(self.weight)
        self.scale = SQRT2 / math.sqrt(inputs * 9)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight * self.scale, padding=1)


class FirstLayer(nn.Module):
    """The learned constant [1, C, 4, 4] and its epilogue."""

    def __init__(self, channels: int, w_dim: int):
        super().__init__()
        self.const = nn.Parameter(torch.ones(1, channels, FIRST_RESOLUTION, FIRST_RESOLUTION))
        self.epilogue = Epilogue(FIRST_RESOLUTION, channels, w_dim)

    def forward(self, w: Tensor) -> Tensor:
        return self.epilogue(self.const.expand(len(w), -1, -1, -1), w)


class ConvLayer(nn.Module):
    """[B, C, r, r] -> [B, C', r, r]."""

    def __init__(self, resolution: int, inputs: int, outputs: int, w_dim: int):
        super().__init__()
        self.conv = _ScaledConv(inputs, outputs)
        self.epilogue = Epilogue(resolution, outputs, w_dim)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        return self.epilogue(self.conv(x), w)


class UpLayer(nn.Module):
    """[B, C, r/2, r/2] -> [B, C', r, r]: nearest neighbor, convolution, blur; from 128 px on as one strided
    transposed convolution, whose weight is stored as [3, 3, in, out]."""

    def __init__(self, resolution: int, inputs: int, outputs: int, w_dim: int,
                 fused_from: int = FUSED_FROM_RESOLUTION):
        super().__init__()
        self.fused = resolution >= fused_from
        if self.fused:
            self.weight = nn.Parameter(torch.randn(3, 3, inputs, outputs))
            self.scale = SQRT2 / math.sqrt(inputs * 9)
        else:
            self.conv = _ScaledConv(inputs, outputs)
        self.blur = Blur(outputs)
        self.epilogue = Epilogue(resolution, outputs, w_dim)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        if self.fused:
            # Repeating pixels before a 3x3 kernel is a 4x4 kernel: the sum of its four one-pixel shifts.
            k = F.pad(self.weight * self.scale, (0, 0, 0, 0, 1, 1, 1, 1))
            k = k[1:, 1:] + k[:-1, 1:] + k[1:, :-1] + k[:-1, :-1]
            x = F.conv_transpose2d(x, k.permute(2, 3, 0, 1), stride=2, padding=1)
        else:
            x = self.conv(F.interpolate(x, scale_factor=2))
        return self.epilogue(self.blur(x), w)


class ToRGB(nn.Module):
    """1x1 convolution to the image: [B, C, r, r] -> [B, 3, r, r]."""

    def __init__(self, inputs: int):
        super().__init__()
        self.conv = nn.Conv2d(inputs, 3, 1, bias=False)
        nn.init.normal_(self.conv.weight)
        self.bias = nn.Parameter(torch.zeros(3))
        self.scale = 1.0 / math.sqrt(inputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.conv.weight * self.scale, self.bias)


class Synthesis(nn.Module):
    """Codes to image: [B, L, D] -> [B, 3, R, R]."""

    def __init__(self, channels: Sequence[int], w_dim: int, final_tanh: bool, fused_from: int):
        super().__init__()
        self.resolution = FIRST_RESOLUTION << (len(channels) - 1)
        self.final_tanh = final_tanh
        self.lod = nn.Parameter(torch.zeros(()), requires_grad=False)
        for block, width in enumerate(channels):
            r = FIRST_RESOLUTION << block
            first = FirstLayer(width, w_dim) if block == 0 else UpLayer(r, channels[block - 1], width, w_dim, fused_from)
            self.add_module(f"layer{2 * block}", first)
            self.add_module(f"layer{2 * block + 1}", ConvLayer(r, width, width, w_dim))
            self.add_module(f"output{block}", ToRGB(width))

    def forward(self, w: Tensor, resolution: int | None = None, alpha: Tensor | None = None) -> Tensor:
        """With `resolution` and `alpha`: the smaller image of progressive growing, its last step faded in by alpha (a
        tensor, so that a compiled network is compiled once for all its values)."""
        last = int(math.log2((resolution or self.resolution) // FIRST_RESOLUTION))
        x = self.layer0(w[:, 0])
        x = self.layer1(x, w[:, 1])
        lower = None
        for block in range(1, last + 1):
            if block == last and alpha is not None:
                lower = F.interpolate(getattr(self, f"output{block - 1}")(x), scale_factor=2)
            x = getattr(self, f"layer{2 * block}")(x, w[:, 2 * block])
            x = getattr(self, f"layer{2 * block + 1}")(x, w[:, 2 * block + 1])
        image = getattr(self, f"output{last}")(x)
        if lower is not None:
            image = lower + alpha * (image - lower)
        return torch.tanh(image) if self.final_tanh else image


class Generator(nn.Module):
    """StyleGAN; as published for in-domain inversion with one code for each layer straight from the mapping network
    (`repeat_w=False`), ending in tanh.

    In training mode, noise is drawn anew for every image; in evaluation mode the stored maps are used.
    """

    def __init__(self, resolution: int, z_dim: int = 512, w_dim: int = 512, fmaps_base: int = 16 << 10,
                 fmaps_max: int = 512):
        channels = [min(fmaps_base // (FIRST_RESOLUTION << i), fmaps_max) for i in range(style_layers(resolution) // 2)]
        self._build(channels, [z_dim] + [fmaps_max] * 7 + [style_layers(resolution) * w_dim], w_dim)

    @classmethod
    def of_sizes(cls, channels: Sequence[int], mapping: Sequence[int], w_dim: int, *, final_tanh: bool = True,
                 fused_from: int = FUSED_FROM_RESOLUTION) -> Generator:
        """`channels` of each resolution from 4 px up, `mapping` from z to the code or codes. The layers that double the
        resolution are fused, a weight [3, 3, in, out] each, from `fused_from` px on."""
        net = cls.__new__(cls)
        net._build(channels, mapping, w_dim, final_tanh, fused_from)
        return net

    def _build(self, channels: Sequence[int], mapping: Sequence[int], w_dim: int, final_tanh: bool = True,
               fused_from: int = FUSED_FROM_RESOLUTION) -> None:
        nn.Module.__init__(self)
        self.layers = 2 * len(channels)
        self.resolution, self.z_dim, self.w_dim = FIRST_RESOLUTION << (len(channels) - 1), mapping[0], w_dim
        self.repeats_w = mapping[-1] == w_dim
        self.mapping = Mapping(mapping)
        self.truncation = Truncation(self.layers, w_dim)
        self.synthesis = Synthesis(channels, w_dim, final_tanh, fused_from)

    def codes(self, z: Tensor, truncate: bool = False) -> Tensor:
        """[B, Z] -> [B, L, D]."""
        w = self.mapping(z)
        w = w[:, None].expand(-1, self.layers, -1) if self.repeats_w else w.view(-1, self.layers, self.w_dim)
        return self.truncation(w) if truncate else w

    def forward(self, z: Tensor, truncate: bool = False) -> Tensor:
        return self.synthesis(self.codes(z, truncate))

    @torch.no_grad()
    def measure_w_avg(self, samples: int = 20_000, seed: int = 0) -> None:
        """Sets `truncation.w_avg` [D]: the mean code over samples and layers."""
        device = self.truncation.w_avg.device
        z = torch.randn(samples, self.z_dim, generator=torch.Generator().manual_seed(seed)).to(device)
        self.truncation.w_avg.copy_(self.codes(z).mean((0, 1)))
