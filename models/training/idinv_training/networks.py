"""The four networks, under the parameter names of the published in-domain inversion checkpoints.

Images are NCHW, RGB, in [-1, 1] throughout. `B` is the batch, `R` the resolution, `L` the number of style layers
(8 at 32 px, 14 at 256 px), `D` the width of one latent code.

Sources
  StyleGAN   Karras, Laine, Aila: A style-based generator architecture for generative adversarial networks, CVPR 2019
  In-domain  Zhu, Shen, Zhao, Zhou: In-domain GAN inversion for real image editing, ECCV 2020
  VGG        Simonyan, Zisserman: Very deep convolutional networks for large-scale image recognition, ICLR 2015
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FIRST_RESOLUTION = 4
FUSED_FROM_RESOLUTION = 128
SLOPE = 0.2
SQRT2 = math.sqrt(2.0)


def style_layers(resolution: int) -> int:
    """Number of styles `L` of a generator: two for each resolution from 4 px up."""
    return 2 * int(math.log2(resolution // FIRST_RESOLUTION * 2))


def _blur_kernel(channels: int) -> Tensor:
    """The binomial filter (1 2 1) x (1 2 1) / 16, one copy for each channel: [channels, 1, 3, 3]."""
    line = torch.tensor([1.0, 2.0, 1.0])
    return (torch.outer(line, line) / 16).repeat(channels, 1, 1, 1)


# --------------------------------------------------------------------------------------------------------- generator


class _Bias(nn.Module):
    """Holds a bias under the published name `wscale.bias`."""

    def __init__(self, channels: int):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))


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
        self.wscale = _Bias(outputs)
        self.scale = gain / math.sqrt(inputs) * lr_multiplier
        self.lr_multiplier = lr_multiplier
        self.activate = activate

    def forward(self, x: Tensor) -> Tensor:
        x = F.linear(x, self.fc.weight * self.scale, self.wscale.bias * self.lr_multiplier)
        return F.leaky_relu(x, SLOPE) if self.activate else x


class Mapping(nn.Module):
    """Z -> W: [B, Z] -> [B, outputs], eight dense layers behind a normalisation of z."""

    def __init__(self, z_dim: int, hidden: int, outputs: int, depth: int = 8):
        super().__init__()
        widths = [z_dim] + [hidden] * (depth - 1) + [outputs]
        self.depth = depth
        for i in range(depth):
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
    """One noise map for all channels, a learnt strength for each. Random in training, the stored map otherwise."""

    def __init__(self, resolution: int, channels: int):
        super().__init__()
        self.register_buffer("noise", torch.randn(1, 1, resolution, resolution))
        self.weight = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        noise = torch.randn_like(x[:, :1]) if self.training else self.noise
        return torch.addcmul(x, noise, self.weight.view(1, -1, 1, 1))


class _Style(nn.Module):
    """The affine map from a code to a scale (around one) and a shift for each channel."""

    def __init__(self, channels: int, w_dim: int):
        super().__init__()
        self.dense = Dense(w_dim, 2 * channels, gain=1.0, lr_multiplier=1.0, activate=False)

    def forward(self, w: Tensor) -> tuple[Tensor, Tensor]:
        scale, shift = self.dense(w)[:, :, None, None].chunk(2, dim=1)
        return scale + 1, shift


class Epilogue(nn.Module):
    """Noise, bias, leaky ReLU, instance norm, style: adaptive instance normalisation (StyleGAN, equation 1)."""

    def __init__(self, resolution: int, channels: int, w_dim: int):
        super().__init__()
        self.apply_noise = _Noise(resolution, channels)
        self.bias = nn.Parameter(torch.zeros(channels))
        self.style_mod = _Style(channels, w_dim)

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


class _Blur(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.register_buffer("kernel", _blur_kernel(channels))

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.kernel.to(x.dtype), padding=1, groups=x.shape[1])


class FirstLayer(nn.Module):
    """The learnt constant [1, C, 4, 4] and its epilogue."""

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
    """[B, C, r/2, r/2] -> [B, C', r, r]: nearest neighbour, convolution, blur; from 128 px on as one strided
    transposed convolution, whose weight is stored as [3, 3, in, out]."""

    def __init__(self, resolution: int, inputs: int, outputs: int, w_dim: int):
        super().__init__()
        self.fused = resolution >= FUSED_FROM_RESOLUTION
        if self.fused:
            self.weight = nn.Parameter(torch.randn(3, 3, inputs, outputs))
            self.scale = SQRT2 / math.sqrt(inputs * 9)
        else:
            self.conv = _ScaledConv(inputs, outputs)
        self.blur = _Blur(outputs)
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

    def __init__(self, resolution: int, w_dim: int, fmaps_base: int, fmaps_max: int):
        super().__init__()
        self.resolution = resolution
        self.lod = nn.Parameter(torch.zeros(()), requires_grad=False)
        channels = lambda r: min(fmaps_base // r, fmaps_max)
        for block in range(style_layers(resolution) // 2):
            r = FIRST_RESOLUTION << block
            first = FirstLayer(channels(r), w_dim) if block == 0 else UpLayer(r, channels(r // 2), channels(r), w_dim)
            self.add_module(f"layer{2 * block}", first)
            self.add_module(f"layer{2 * block + 1}", ConvLayer(r, channels(r), channels(r), w_dim))
            self.add_module(f"output{block}", ToRGB(channels(r)))

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
        return torch.tanh(image)


class Generator(nn.Module):
    """StyleGAN with one code for each layer straight from the mapping network (`repeat_w=False`), ending in tanh.

    In training mode, noise is drawn anew for every image; in evaluation mode the stored maps are used.
    """

    def __init__(self, resolution: int, z_dim: int = 512, w_dim: int = 512, fmaps_base: int = 16 << 10,
                 fmaps_max: int = 512):
        super().__init__()
        self.resolution, self.z_dim, self.w_dim = resolution, z_dim, w_dim
        self.layers = style_layers(resolution)
        self.mapping = Mapping(z_dim, fmaps_max, self.layers * w_dim)
        self.truncation = Truncation(self.layers, w_dim)
        self.synthesis = Synthesis(resolution, w_dim, fmaps_base, fmaps_max)

    def codes(self, z: Tensor, truncate: bool = False) -> Tensor:
        """[B, Z] -> [B, L, D]."""
        w = self.mapping(z).view(-1, self.layers, self.w_dim)
        return self.truncation(w) if truncate else w

    def forward(self, z: Tensor, truncate: bool = False) -> Tensor:
        return self.synthesis(self.codes(z, truncate))

    @torch.no_grad()
    def measure_w_avg(self, samples: int = 20_000, seed: int = 0) -> None:
        """Sets `truncation.w_avg` [D]: the mean code over samples and layers."""
        device = self.truncation.w_avg.device
        z = torch.randn(samples, self.z_dim, generator=torch.Generator().manual_seed(seed)).to(device)
        self.truncation.w_avg.copy_(self.codes(z).mean((0, 1)))


@torch.no_grad()
def rescale_codes(generator: Generator, encoders: Sequence[Encoder], factor: float) -> None:
    """Multiplies all codes by `factor` without changing any image: the mapping network and the encoders put out more,
    the styles weigh it less. Exact, since leaky ReLU commutes with positive factors."""
    last = getattr(generator.mapping, f"dense{generator.mapping.depth - 1}")
    last.fc.weight.mul_(factor)
    last.wscale.bias.mul_(factor)
    generator.truncation.w_avg.mul_(factor)
    for module in generator.synthesis.modules():
        if isinstance(module, _Style):
            module.dense.fc.weight.div_(factor)
    for encoder in encoders:
        encoder.last.bn.bn.weight.mul_(factor)
        encoder.last.bn.bn.bias.mul_(factor)


# ------------------------------------------------------------------------------------------------------ discriminator


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
        self.blur = _Blur(inputs)
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

    def forward(self, image: Tensor, alpha: float = 1.0) -> Tensor:
        r = image.shape[-1]
        x = F.leaky_relu(getattr(self, f"rgb{r}")(image), SLOPE)
        x = getattr(self, f"block{r}")(x)
        r //= 2
        if alpha < 1:
            x = torch.lerp(F.leaky_relu(getattr(self, f"rgb{r}")(F.avg_pool2d(image, 2)), SLOPE), x, alpha)
        while r > FIRST_RESOLUTION:
            x = getattr(self, f"block{r}")(x)
            r //= 2
        x = F.leaky_relu(self.last(self._batch_deviation(x)), SLOPE)
        return self.logit(F.leaky_relu(self.dense(x), SLOPE)).flatten()


# ------------------------------------------------------------------------------------------------------------ encoder


class _Norm(nn.Module):
    """Batch normalisation under the published name `bn.bn`; momentum 0.1 is the published decay of 0.9."""

    def __init__(self, channels: int):
        super().__init__()
        self.bn = nn.BatchNorm2d(channels, momentum=0.1, eps=1e-5)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(x)


def _plain_conv(inputs: int, outputs: int, kernel: int) -> nn.Conv2d:
    conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
    nn.init.kaiming_normal_(conv.weight, a=SLOPE)
    return conv


class _EncoderFirst(nn.Module):
    def __init__(self, outputs: int):
        super().__init__()
        self.conv = _plain_conv(3, outputs, 3)
        self.bn = _Norm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(self.bn(self.conv(x)), SLOPE)


class _EncoderResidual(nn.Module):
    """Two 3x3 convolutions beside a 1x1 shortcut, which is absent where the width stays.

    With `use_wscale=False`, the published block divides by the scale of `wscale` before applying it: what is left is
    the convolution and a bias.
    """

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.shortcut = inputs != outputs
        if self.shortcut:
            self.conv = _plain_conv(inputs, outputs, 1)
            self.bn = _Norm(outputs)
        hidden = min(inputs, outputs)
        self.conv1 = _plain_conv(inputs, hidden, 3)
        self.wscale1 = _Bias(hidden)
        self.bn1 = _Norm(hidden)
        self.conv2 = _plain_conv(hidden, outputs, 3)
        self.wscale2 = _Bias(outputs)
        self.bn2 = _Norm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        y = F.leaky_relu(self.bn(self.conv(x)), SLOPE) if self.shortcut else x
        x = F.conv2d(x, self.conv1.weight, self.wscale1.bias, padding=1)
        x = F.leaky_relu(self.bn1(x), SLOPE)
        x = F.conv2d(x, self.conv2.weight, self.wscale2.bias, padding=1)
        return F.leaky_relu(self.bn2(x), SLOPE) + y


class _EncoderLast(nn.Module):
    """[B, C, 4, 4] -> [B, L*D]; always at equalised learning rate, gain one."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.fc = nn.Linear(inputs, outputs, bias=False)
        nn.init.normal_(self.fc.weight)
        self.scale = 1.0 / math.sqrt(inputs)
        self.bn = _Norm(outputs)

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
        self.block0 = _EncoderFirst(base)
        inputs = base
        for i in range(1, self.blocks - 1):
            outputs = min(base << i, widest)
            self.add_module(f"block{i}", _EncoderResidual(inputs, outputs))
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


# ----------------------------------------------------------------------------------------------------------- features

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
