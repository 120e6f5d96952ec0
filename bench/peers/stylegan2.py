"""StyleGAN2 (Karras et al., CVPR 2020) and e4e's encoder (Tov et al., SIGGRAPH 2021) in PyTorch, from a checkpoint under e4e's names.

`Synthesis` computes as the published programs do: weights are modulated image by image, and up-sampling is a transposed convolution
behind which an image is filtered. `Synthesis(…, exports=True)` scales inputs and outputs instead, which is the same function, and
which exporters take.
"""

from __future__ import annotations

import math
import pathlib
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import published

FILE = "e4e.pt"
NETWORKS = ("generator", "encoder")
SLOPE, HEAD_SLOPE, EPSILON = 0.2, 0.01, 1e-8
SIDE = 256  # of the images that the encoder reads, and the largest that the perceptual term compares
UNITS = (3, 4, 14, 3)
COARSE, MIDDLE = 3, 7
FIR = torch.tensor([1.0, 3, 3, 1])


def checkpoint(folder: pathlib.Path) -> dict:
    return torch.load(folder / FILE, mmap=True, weights_only=True)


def kernel(like: Tensor) -> Tensor:
    line = FIR.to(like)
    return torch.outer(line, line)[None, None] / 16


class Weights:
    """The tensors of one network, behind a prefix."""

    def __init__(self, state: dict[str, Tensor], prefix: str):
        self.state, self.prefix = state, prefix

    def __getitem__(self, name: str) -> Tensor:
        return self.state[self.prefix + name]

    def __contains__(self, name: str) -> bool:
        return self.prefix + name in self.state

    def within(self, name: str) -> Weights:
        return Weights(self.state, self.prefix + name)


class Buffers(nn.Module):
    """A module whose tensors are frozen."""

    def hold(self, **tensors: Tensor) -> None:
        for name, tensor in tensors.items():
            self.register_buffer(name, tensor)


def filtered(x: Tensor, pad: tuple[int, int]) -> Tensor:
    """Each channel through the up-sampling filter, padded by `pad` at both ends of both axes."""
    batch, channels, height, width = x.shape
    x = F.pad(x.reshape(batch * channels, 1, height, width), (*pad, *pad))
    x = F.conv2d(x, kernel(x))
    return x.reshape(batch, channels, x.shape[2], x.shape[3])


def doubled(image: Tensor) -> Tensor:
    """Zeros between the pixels, then the filter: how images are summed over resolutions."""
    batch, channels, height, width = image.shape
    wide = image.new_zeros(batch, channels, height, 2, width, 2)
    wide[:, :, :, 0, :, 0] = image
    return filtered(wide.reshape(batch, channels, 2 * height, 2 * width), (2, 1))


class ModulatedConv(Buffers):
    def __init__(self, weights: Weights, up: bool, demodulates: bool, exports: bool):
        super().__init__()
        weight = weights["weight"][0]
        scale = 1 / math.sqrt(weight[0].numel())
        affine = weights["modulation.weight"]
        self.hold(weight=weight * scale, affine=affine / math.sqrt(affine.shape[1]), bias=weights["modulation.bias"])
        self.up, self.demodulates, self.exports = up, demodulates, exports
        if exports and demodulates:
            self.hold(squares=self.weight.square().sum((2, 3)))
        if exports and up:
            self.hold(blur=kernel(weight).expand(weight.shape[0], 1, 4, 4).contiguous())

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style = F.linear(w, self.affine, self.bias)
        if self.exports:
            return self.scaled(x, style)
        batch, inputs, height, width = x.shape
        outputs, padding = self.weight.shape[0], self.weight.shape[2] // 2
        weight = self.weight * style[:, None, :, None, None]
        if self.demodulates:
            weight = weight * torch.rsqrt(weight.square().sum((2, 3, 4), keepdim=True) + EPSILON)
        x = x.reshape(1, batch * inputs, height, width)
        if self.up:
            weight = weight.transpose(1, 2).reshape(batch * inputs, outputs, *weight.shape[3:])
            x = F.conv_transpose2d(x, weight, stride=2, groups=batch)
            return filtered(x.reshape(batch, outputs, *x.shape[2:]), (1, 1))
        x = F.conv2d(x, weight.reshape(batch * outputs, inputs, *weight.shape[3:]), padding=padding, groups=batch)
        return x.reshape(batch, outputs, height, width)

    def scaled(self, x: Tensor, style: Tensor) -> Tensor:
        x = x * style[:, :, None, None]
        if self.up:
            x = F.conv_transpose2d(x, self.weight.transpose(0, 1), stride=2)
            x = F.conv2d(x, self.blur, padding=1, groups=self.weight.shape[0])
        else:
            x = F.conv2d(x, self.weight, padding=self.weight.shape[2] // 2)
        if self.demodulates:
            x = x * torch.rsqrt(F.linear(style.square(), self.squares) + EPSILON)[:, :, None, None]
        return x


class StyledConv(Buffers):
    def __init__(self, weights: Weights, noise: Tensor, up: bool, exports: bool):
        super().__init__()
        self.conv = ModulatedConv(weights.within("conv."), up, True, exports)
        self.hold(noise=noise * weights["noise.weight"], bias=weights["activate.bias"])

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        x = self.conv(x, w) + self.noise + self.bias[:, None, None]
        return F.leaky_relu(x, SLOPE) * math.sqrt(2)


class ToRGB(Buffers):
    def __init__(self, weights: Weights, exports: bool):
        super().__init__()
        self.conv = ModulatedConv(weights.within("conv."), False, False, exports)
        self.hold(bias=weights["bias"], blur=kernel(weights["bias"]).expand(3, 1, 4, 4).contiguous())
        self.exports = exports

    def forward(self, x: Tensor, w: Tensor, image: Tensor | None) -> Tensor:
        y = self.conv(x, w) + self.bias
        if image is None:
            return y
        return y + (self.doubled(image) if self.exports else doubled(image))

    def doubled(self, image: Tensor) -> Tensor:
        """As `doubled`, by a transposed convolution."""
        return F.conv_transpose2d(image, self.blur, stride=2, padding=1, groups=3)


class Synthesis(Buffers):
    """Codes [B, L, D] to images, with the checkpoint's noise."""

    def __init__(self, state: dict[str, Tensor], exports: bool = False):
        super().__init__()
        weights = Weights(state, "decoder.")
        self.exports = exports
        self.hold(constant=weights["input.input"])
        self.conv1 = StyledConv(weights.within("conv1."), weights["noises.noise_0"], False, exports)
        self.to_rgb1 = ToRGB(weights.within("to_rgb1."), exports)
        self.convs, self.to_rgbs = nn.ModuleList(), nn.ModuleList()
        while f"convs.{len(self.convs)}.conv.weight" in weights:
            index = len(self.convs)
            self.convs.append(StyledConv(
                weights.within(f"convs.{index}."), weights[f"noises.noise_{index + 1}"], index % 2 == 0, exports))
            if index % 2 == 1:
                self.to_rgbs.append(ToRGB(weights.within(f"to_rgbs.{index // 2}."), exports))

    @property
    def layer_count(self) -> int:
        return len(self.convs) + 2

    @property
    def resolution(self) -> int:
        return 4 << len(self.to_rgbs)

    def forward(self, code: Tensor) -> Tensor:
        x = self.constant.expand(code.shape[0], -1, -1, -1)
        x = self.conv1(x, code[:, 0])
        image = self.to_rgb1(x, code[:, 1], None)
        for block, to_rgb in enumerate(self.to_rgbs):
            layer = 2 * block + 1
            x = self.convs[2 * block](x, code[:, layer])
            x = self.convs[2 * block + 1](x, code[:, layer + 1])
            image = to_rgb(x, code[:, layer + 2], image)
        return image


class Mapping(Buffers):
    """z [B, D] to w."""

    def __init__(self, state: dict[str, Tensor]):
        super().__init__()
        weights, index = Weights(state, "decoder.style."), 1
        self.count = 0
        while f"{index}.weight" in weights:
            weight = weights[f"{index}.weight"]
            self.hold(**{f"weight{self.count}": weight * (0.01 / math.sqrt(weight.shape[1])),
                         f"bias{self.count}": weights[f"{index}.bias"] * 0.01})
            index, self.count = index + 1, self.count + 1

    def forward(self, z: Tensor) -> Tensor:
        x = z * torch.rsqrt(z.square().mean(1, keepdim=True) + EPSILON)
        for index in range(self.count):
            x = F.leaky_relu(F.linear(x, getattr(self, f"weight{index}"), getattr(self, f"bias{index}")), SLOPE)
            x = x * math.sqrt(2)
        return x


class Norm(Buffers):
    def __init__(self, weights: Weights):
        super().__init__()
        self.hold(mean=weights["running_mean"], variance=weights["running_var"], weight=weights["weight"],
                  bias=weights["bias"])

    def forward(self, x: Tensor) -> Tensor:
        return F.batch_norm(x, self.mean, self.variance, self.weight, self.bias)


class Unit(Buffers):
    """An improved residual unit with squeeze and excitation."""

    def __init__(self, weights: Weights, stride: int):
        super().__init__()
        inside = weights.within("res_layer.")
        self.stride = stride
        self.before, self.behind = Norm(inside.within("0.")), Norm(inside.within("4."))
        self.hold(first=inside["1.weight"], slope=inside["2.weight"], second=inside["3.weight"],
                  squeeze=inside["5.fc1.weight"], excite=inside["5.fc2.weight"])
        self.has_shortcut = "shortcut_layer.0.weight" in weights
        if self.has_shortcut:
            self.hold(shortcut=weights["shortcut_layer.0.weight"])
            self.norm = Norm(weights.within("shortcut_layer.1."))

    def forward(self, x: Tensor) -> Tensor:
        y = F.prelu(F.conv2d(self.before(x), self.first, padding=1), self.slope)
        y = self.behind(F.conv2d(y, self.second, stride=self.stride, padding=1))
        gate = F.conv2d(F.relu(F.conv2d(y.mean((2, 3), keepdim=True), self.squeeze)), self.excite)
        y = y * torch.sigmoid(gate)
        if self.has_shortcut:
            return y + self.norm(F.conv2d(x, self.shortcut, stride=self.stride))
        return y + x[:, :, ::self.stride, ::self.stride]


class Head(Buffers):
    def __init__(self, weights: Weights, side: int):
        super().__init__()
        self.steps = int(math.log2(side))
        linear = weights["linear.weight"]
        for step in range(self.steps):
            self.hold(**{f"weight{step}": weights[f"convs.{2 * step}.weight"], f"bias{step}": weights[f"convs.{2 * step}.bias"]})
        self.hold(linear=linear / math.sqrt(linear.shape[1]), bias=weights["linear.bias"])

    def forward(self, x: Tensor) -> Tensor:
        for step in range(self.steps):
            x = F.conv2d(x, getattr(self, f"weight{step}"), getattr(self, f"bias{step}"), stride=2, padding=1)
            x = F.leaky_relu(x, HEAD_SLOPE)
        return F.linear(x.flatten(1), self.linear, self.bias)


class Encoder(Buffers):
    """e4e: images [B, 3, 256, 256] to codes [B, L, D]."""

    def __init__(self, state: dict[str, Tensor], latent_avg: Tensor):
        super().__init__()
        weights = Weights(state, "encoder.")
        self.hold(stem=weights["input_layer.0.weight"], slope=weights["input_layer.2.weight"], average=latent_avg,
                  lateral1=weights["latlayer1.weight"], lateral1_bias=weights["latlayer1.bias"],
                  lateral2=weights["latlayer2.weight"], lateral2_bias=weights["latlayer2.bias"])
        self.norm = Norm(weights.within("input_layer.1."))
        self.body, self.styles = nn.ModuleList(), nn.ModuleList()
        for count in UNITS:
            for position in range(count):
                self.body.append(Unit(weights.within(f"body.{len(self.body)}."), 2 if position == 0 else 1))
        while f"styles.{len(self.styles)}.linear.weight" in weights:
            index = len(self.styles)
            side = 16 if index < COARSE else 32 if index < MIDDLE else 64
            self.styles.append(Head(weights.within(f"styles.{index}."), side))

    def forward(self, image: Tensor) -> Tensor:
        x = F.prelu(self.norm(F.conv2d(image, self.stem, padding=1)), self.slope)
        maps = {}
        for index, unit in enumerate(self.body):
            x = unit(x)
            maps[index] = x
        coarse = maps[23]
        middle = self.finer(coarse, maps[20], self.lateral1, self.lateral1_bias)
        fine = self.finer(middle, maps[6], self.lateral2, self.lateral2_bias)
        sources = [coarse] * COARSE + [middle] * (MIDDLE - COARSE) + [fine] * (len(self.styles) - MIDDLE)
        first = self.styles[0](coarse)
        rows = [first] + [first + head(source) for head, source in zip(self.styles[1:], sources[1:])]
        return torch.stack(rows, 1) + self.average

    @staticmethod
    def finer(coarse: Tensor, fine: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        enlarged = F.interpolate(coarse, size=fine.shape[2:], mode="bilinear", align_corners=True)
        return enlarged + F.conv2d(fine, weight, bias)


def reduced(image: Tensor) -> Tensor:
    """No larger than what the perceptual term compares. Sides are powers of two."""
    side = int(image.shape[2])
    return F.avg_pool2d(image, side // SIDE) if side > SIDE else image


def brought(image: Tensor) -> Tensor:
    """To the size that the encoder reads: means of windows, or repeated pixels."""
    image = reduced(image)
    return image if int(image.shape[2]) == SIDE else F.interpolate(image, size=(SIDE, SIDE), mode="nearest")


class Resizing(nn.Module):
    """A network behind a change of its images' size."""

    def __init__(self, network: nn.Module, resize: Callable[[Tensor], Tensor]):
        super().__init__()
        self.network, self.resize = network, resize

    def forward(self, image: Tensor) -> Tensor:
        return self.network(self.resize(image))


def load(folder: pathlib.Path, network: str, exports: bool = False) -> nn.Module:
    if network == "perceptual":
        return Resizing(published.load(folder, network), reduced)
    stored = checkpoint(folder)
    if network == "generator":
        return Synthesis(stored["state_dict"], exports).eval()
    return Resizing(Encoder(stored["state_dict"], stored["latent_avg"]).eval(), brought)


def forward_network(folder: pathlib.Path, network: str) -> nn.Module:
    return load(folder, network)


def exportable(folder: pathlib.Path, network: str, swaps_channels: bool = True) -> nn.Module:
    return load(folder, network, exports=True)


class RefinementStep(published.RefinementStep):
    """The published step; features and code are those of images of another size."""

    def networks(self, folder: pathlib.Path) -> tuple[nn.Module, nn.Module, nn.Module]:
        return load(folder, "generator"), load(folder, "encoder"), load(folder, "perceptual")
