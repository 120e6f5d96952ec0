"""PyTorch networks out of an `.idinv` file, to go on training what was shipped: the inverse of `idinv-lite convert`.

What the conversion folded cannot be told apart again (a batch norm from its convolution, a mean from a dense layer): the
networks that come back compute the same, with those parts neutral. An encoder's batch norm is set to the statistics of
images, since in training it computes them itself.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .networks import POOL, Encoder, Features, Generator, Judge
from .networks.common import SQRT2, Bias
from .networks.features import BGR_MEAN
from .networks.residual import Norm, ResidualBlock
from .networks.stylegan2 import StyleGAN2

DTYPES = {"F32": np.float32, "F16": np.float16, "I8": np.int8, "U8": np.uint8}


class ModelFile:
    """The specification and the tensors of an `.idinv` file (docs/FORMAT.md), in f32."""

    def __init__(self, path: Path):
        data = path.read_bytes()
        length = int.from_bytes(data[:8], "little")
        header = json.loads(data[8:8 + length])
        self.path = path
        self.specification: dict[str, Any] = json.loads(header.pop("__metadata__")["specification"])
        self._header, self._data = header, memoryview(data)[8 + length:]

    def __getitem__(self, name: str) -> Tensor:
        entry = self._header[name]
        begin, end = entry["data_offsets"]
        array = np.frombuffer(self._data[begin:end], DTYPES[entry["dtype"]]).reshape(entry["shape"])
        value = torch.from_numpy(array.astype(np.float32))
        if entry["dtype"] == "I8":
            scale = self[f"{name}.scale"]
            value = value * scale.view(-1, *[1] * (value.ndim - 1))
        return value

    def __contains__(self, part: str) -> bool:
        return part in self.specification


@torch.no_grad()
def _stylegan2(file: ModelFile) -> StyleGAN2:
    """The file's weights have their scales in them, and its layers the gain that follows the activation."""
    spec = file.specification["generator"]
    if (spec["architecture"]["styleGAN2"] or {}).get("clamp") is not None:
        raise SystemExit(f"{file.path}: its layers are clamped, as 16-bit StyleGAN2s are; that cannot be trained for yet")
    widths, mapping = spec["blockChannels"], spec["mappingFeatures"]
    net = StyleGAN2(widths, spec["zDimension"], spec["wDimension"], len(mapping))
    for i, layer in enumerate(list(net.style)[1:]):
        layer.weight.copy_(file[f"generator.mapping.{i}.weight"] / (SQRT2 * layer.scale))
        layer.bias.copy_(file[f"generator.mapping.{i}.bias"] / (SQRT2 * layer.lr_multiplier))
    net.latent_avg.copy_(file["generator.w_average"].view(-1, net.w_dim).mean(0))
    net.input.input.copy_(file["generator.constant"][None])

    def modulated(conv: nn.Module, name: str) -> None:
        conv.weight.copy_(file[f"{name}.weight"][None] / conv.scale)
        conv.modulation.weight.copy_(file[f"{name}.style.weight"] / conv.modulation.scale)
        conv.modulation.bias.copy_(file[f"{name}.style.bias"])

    for k, layer in enumerate([net.conv1, *net.convs]):
        name = f"generator.layer.{k}"
        modulated(layer.conv, name)
        layer.noise.weight.copy_(file[f"{name}.noise_strength"] / SQRT2)
        layer.activate.bias.copy_(file[f"{name}.bias"] / SQRT2)
        getattr(net.noises, f"noise_{k}").copy_(file[f"{name}.noise"][None, None])
    for b, to_rgb in enumerate([net.to_rgb1, *net.to_rgbs]):
        modulated(to_rgb.conv, f"generator.output.{b}")
        to_rgb.bias.copy_(file[f"generator.output.{b}.bias"].view(1, 3, 1, 1))
    return net.eval()


@torch.no_grad()
def generator(file: ModelFile) -> Generator | StyleGAN2:
    spec = file.specification["generator"]
    if "styleGAN2" in spec.get("architecture", {}):
        return _stylegan2(file)
    # The file has the layers that are published fused as what they are equal to: a convolution behind an enlargement.
    net = Generator.of_sizes(spec["blockChannels"], [spec["zDimension"], *spec["mappingFeatures"]], spec["wDimension"],
                             final_tanh=spec["hasFinalTanh"], fused_from=1 << 30)
    for i in range(net.mapping.depth):
        dense = getattr(net.mapping, f"dense{i}")
        dense.fc.weight.copy_(file[f"generator.mapping.{i}.weight"] / dense.scale)
        dense.wscale.bias.copy_(file[f"generator.mapping.{i}.bias"] / dense.lr_multiplier)
    net.truncation.w_avg.copy_(file["generator.w_average"])
    net.truncation.truncation.copy_(file["generator.truncation"].view(1, -1, 1))
    net.synthesis.layer0.const.copy_(file["generator.constant"][None])
    for k in range(net.layers):
        layer, name = getattr(net.synthesis, f"layer{k}"), f"generator.layer.{k}"
        if k > 0:
            layer.conv.weight.copy_(file[f"{name}.weight"] / layer.conv.scale)
        layer.epilogue.apply_noise.noise.copy_(file[f"{name}.noise"][None, None])
        layer.epilogue.apply_noise.weight.copy_(file[f"{name}.noise_strength"])
        layer.epilogue.bias.copy_(file[f"{name}.bias"])
        style = layer.epilogue.style_mod.dense
        style.fc.weight.copy_(file[f"{name}.style.weight"] / style.scale)
        style.wscale.bias.copy_(file[f"{name}.style.bias"])
    for b in range(net.layers // 2):
        output = getattr(net.synthesis, f"output{b}")
        output.conv.weight.copy_(file[f"generator.output.{b}.weight"] / output.scale)
        output.bias.copy_(file[f"generator.output.{b}.bias"])
    return net.eval()


def _scaled(state: dict[str, Any], known: Tensor) -> dict[str, Any]:
    """A dense layer that ends in the units of the renderer, brought to a mean of 0 and a deviation of 1 over `known` attributes [N, A]
    and `mean` and `std`."""
    mean, std = known.mean(0), known.std(0)
    weight, bias = state["dense.weight"] / std[:, None], (state["dense.bias"] - mean) / std
    return state | {"dense.weight": weight, "dense.bias": bias, "mean": mean, "std": std}


class _Trunk:
    """The residual trunk that encoder and judge have, out of the tensors `part`.stem and `part`.block.*."""

    def __init__(self, file: ModelFile, part: str, net: Encoder | Judge):
        self.file, self.net = file, net
        self.biases: dict[nn.Module, Tensor] = {}
        self.take(net.block0.conv, net.block0.bn, f"{part}.stem")
        for i in range(len(file.specification[part]["blockChannels"])):
            block: ResidualBlock = getattr(net, f"block{i + 1}")
            if block.shortcut:
                self.take(block.conv, block.bn, f"{part}.block.{i}.shortcut")
            self.take(block.conv1, block.bn1, f"{part}.block.{i}.conv1", bias=block.wscale1)
            self.take(block.conv2, block.bn2, f"{part}.block.{i}.conv2", bias=block.wscale2)

    def take(self, layer: nn.Module, norm: Norm, name: str, scale: float = 1.0, bias: Bias | None = None) -> None:
        layer.weight.copy_(self.file[f"{name}.weight"] / scale)
        if bias is not None:
            bias.bias.zero_()
        self.biases[norm] = self.file[f"{name}.bias"]

    def settle(self, images: Tensor) -> None:
        """The batch norms take the statistics of `images`, and undo them by their scale and shift."""

        def hook(norm: Norm, inputs: tuple[Tensor]) -> None:
            x = inputs[0]
            mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
            bn = norm.bn
            bn.running_mean.copy_(mean)
            bn.running_var.copy_(var)
            bn.weight.copy_((var + bn.eps).sqrt())
            bn.bias.copy_(mean + self.biases[norm])

        hooks = [norm.register_forward_pre_hook(hook) for norm in self.biases]
        self.net.eval()(images)
        for handle in hooks:
            handle.remove()


@torch.no_grad()
def encoder(file: ModelFile, images: Tensor) -> Encoder:
    """`images` [N, 3, R, R]: some hundreds, whose statistics the batch norms take."""
    spec = file.specification["encoder"]
    net = Encoder(spec["resolution"], spec["wDimension"], spec["stemChannels"], max(spec["blockChannels"]))
    trunk = _Trunk(file, "encoder", net)
    trunk.take(net.last.fc, net.last.bn, "encoder.head", scale=net.last.scale)
    trunk.settle(images)
    return net


@torch.no_grad()
def judge(file: ModelFile, images: Tensor, known: Tensor) -> Judge:
    """`images` as for the encoder; `known`: the training attributes [N, A]."""
    spec = file.specification["judge"]
    net = Judge(spec["resolution"], [spec["stemChannels"], *spec["blockChannels"]], len(spec["names"]))
    trunk = _Trunk(file, "judge", net)
    dense = _scaled({f"dense.{kind}": file[f"judge.dense.{kind}"] for kind in ("weight", "bias")}, known)
    net.dense.weight.copy_(dense["dense.weight"])
    net.dense.bias.copy_(dense["dense.bias"])
    net.mean.copy_(dense["mean"])
    net.std.copy_(dense["std"])
    trunk.settle(images)
    return net


@torch.no_grad()
def features(file: ModelFile) -> Features:
    spec = file.specification["perceptual"]
    kinds = [next(iter(layer)) for layer in spec["layers"]]
    plan = [POOL if kind == "maxPool" else layer["convolution"]["outputChannels"]
            for kind, layer in zip(kinds, spec["layers"]) if kind != "relu"]
    expected = torch.tensor(BGR_MEAN[::-1]) / 127.5
    if not torch.allclose(torch.tensor(spec["inputShift"]), 1 - expected, atol=1e-4):
        raise SystemExit(f"{file.path}: its perceptual network has another preprocessing than VGG16's")
    net = Features(plan)
    for index, kind in enumerate(kinds):
        if kind == "convolution":
            conv = getattr(net, f"layer{index}")
            weight = file[f"perceptual.{index}.weight"]
            conv.weight.copy_(weight.flip(1) / 127.5 if index == 0 else weight)
            conv.bias.copy_(file[f"perceptual.{index}.bias"])
    return net.eval()


def attributes(file: ModelFile, known: Tensor) -> dict[str, Any]:
    """The state of an attribute head, with its names; `known`: the training attributes [N, A]."""
    state = {name: file[f"attributes.{name}"] for name in ("conv.weight", "conv.bias", "dense.weight", "dense.bias")}
    return _scaled(state, known) | {"names": file.specification["attributes"]["names"]}
