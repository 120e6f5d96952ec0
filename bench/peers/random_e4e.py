"""A checkpoint of e4e with random weights of the published shapes."""

from __future__ import annotations

import math
import pathlib

import torch
from torch import Tensor

from .stylegan2 import COARSE, FIR, MIDDLE, UNITS, kernel


def random_checkpoint(resolution: int, path: pathlib.Path, style: int = 512, widest: int = 512) -> None:
    """Random weights of the published shapes, scaled so that nothing grows or fades."""
    generator = torch.Generator().manual_seed(0)
    state: dict[str, Tensor] = {}

    def normal(name: str, *shape: int, scale: float = 1.0) -> None:
        state[name] = torch.randn(*shape, generator=generator) * scale

    def convolution(name: str, outputs: int, inputs: int, size: int) -> None:
        normal(name, outputs, inputs, size, size, scale=1 / math.sqrt(inputs * size * size))

    def norm(name: str, channels: int) -> None:
        for part, value in (("weight", 1.0), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0)):
            state[f"{name}.{part}"] = torch.full((channels,), value)
        state[f"{name}.num_batches_tracked"] = torch.tensor(1)

    def modulated(name: str, outputs: int, inputs: int, size: int) -> None:
        normal(f"{name}.conv.weight", 1, outputs, inputs, size, size)
        normal(f"{name}.conv.modulation.weight", inputs, style)
        state[f"{name}.conv.modulation.bias"] = torch.ones(inputs)

    def styled(name: str, outputs: int, inputs: int) -> None:
        modulated(name, outputs, inputs, 3)
        state[f"{name}.noise.weight"] = torch.tensor([0.1])
        normal(f"{name}.activate.bias", outputs, scale=0.1)

    widths = [min(widest, 2 * (16384 >> block)) for block in range(int(math.log2(resolution)) + 1)]
    for layer in range(1, 9):
        normal(f"decoder.style.{layer}.weight", style, style, scale=100)
        state[f"decoder.style.{layer}.bias"] = torch.zeros(style)
    normal("decoder.input.input", 1, widths[2], 4, 4)
    styled("decoder.conv1", widths[2], widths[2])
    blocks = int(math.log2(resolution)) - 1
    for block in range(blocks):
        width, rgb = widths[block + 2], "decoder.to_rgb1" if block == 0 else f"decoder.to_rgbs.{block - 1}"
        modulated(rgb, 3, width, 1)
        state[f"{rgb}.bias"] = torch.zeros(1, 3, 1, 1)
        normal(f"decoder.noises.noise_{0 if block == 0 else 2 * block - 1}", 1, 1, 4 << block, 4 << block)
        if block == 0:
            continue
        state[f"{rgb}.upsample.kernel"] = kernel(FIR)[0, 0]
        styled(f"decoder.convs.{2 * block - 2}", width, widths[block + 1])
        state[f"decoder.convs.{2 * block - 2}.conv.blur.kernel"] = kernel(FIR)[0, 0]
        styled(f"decoder.convs.{2 * block - 1}", width, width)
        normal(f"decoder.noises.noise_{2 * block}", 1, 1, 4 << block, 4 << block)
    stem = min(64, widest)
    convolution("encoder.input_layer.0.weight", stem, 3, 3)
    norm("encoder.input_layer.1", stem)
    state["encoder.input_layer.2.weight"] = torch.full((stem,), 0.25)
    inputs, unit, stages = stem, 0, [min(64 << stage, widest) for stage in range(4)]
    for stage, width in enumerate(stages):
        for _ in range(UNITS[stage]):
            name = f"encoder.body.{unit}.res_layer"
            norm(f"{name}.0", inputs)
            convolution(f"{name}.1.weight", width, inputs, 3)
            state[f"{name}.2.weight"] = torch.full((width,), 0.25)
            convolution(f"{name}.3.weight", width, width, 3)
            norm(f"{name}.4", width)
            convolution(f"{name}.5.fc1.weight", max(1, width // 16), width, 1)
            convolution(f"{name}.5.fc2.weight", width, max(1, width // 16), 1)
            if inputs != width:
                convolution(f"encoder.body.{unit}.shortcut_layer.0.weight", width, inputs, 1)
                norm(f"encoder.body.{unit}.shortcut_layer.1", width)
            inputs, unit = width, unit + 1
    for index, source in ((1, 2), (2, 1)):
        convolution(f"encoder.latlayer{index}.weight", stages[3], stages[source], 1)
        state[f"encoder.latlayer{index}.bias"] = torch.zeros(stages[3])
    for head in range(2 * blocks):
        side = 16 if head < COARSE else 32 if head < MIDDLE else 64
        for step in range(int(math.log2(side))):
            convolution(f"encoder.styles.{head}.convs.{2 * step}.weight", style, stages[3] if step == 0 else style, 3)
            state[f"encoder.styles.{head}.convs.{2 * step}.bias"] = torch.zeros(style)
        normal(f"encoder.styles.{head}.linear.weight", style, style)
        state[f"encoder.styles.{head}.linear.bias"] = torch.zeros(style)
    options = {"encoder_type": "Encoder4Editing", "start_from_latent_avg": True, "stylegan_size": resolution}
    torch.save({"state_dict": state, "opts": options, "latent_avg": torch.zeros(2 * blocks, style)}, path)
