"""Generators of other people, as networks that codes go into and images come out of."""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .. import from_model
from ..networks import Generator
from ..networks.stylegan2 import StyleGAN2

AVERAGES = ("g_ema", "generator_smooth", "gs", "ema", "smooth")


def _states(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """(where it was found, state dict) of everything within a checkpoint that may be one."""
    if not isinstance(value, dict) or depth > 3:
        return
    if any(isinstance(part, Tensor) for part in value.values()):
        yield path, {name: part for name, part in value.items() if isinstance(part, Tensor)}
    for name, part in value.items():
        yield from _states(part, f"{path}.{name}" if path else str(name), depth + 1)


def _choose(checkpoint: Any, mark: str) -> tuple[str, dict[str, Tensor]] | None:
    """The state dict that has a tensor of the name `mark`, behind any prefix; of several, the moving average."""
    found = []
    for path, state in _states(checkpoint):
        for name in state:
            if name == mark or name.endswith("." + mark):
                prefix = name[: len(name) - len(mark)]
                bare = {n[len(prefix):]: v.float() for n, v in state.items() if n.startswith(prefix)}
                found.append((f"{path}.{prefix}".lower(), bare))
    averages = [part for part in found if any(word in part[0].replace(".", "_").split("_") or word in part[0].split(".")
                                              for word in AVERAGES)]
    return (averages or found or [None])[0]


def _stylegan(state: dict[str, Tensor], final_tanh: bool) -> Generator:
    channels, fused_from = [], 1 << 30
    while (name := f"synthesis.layer{2 * len(channels) + 1}.conv.weight") in state:
        channels.append(state[name].shape[0])
        if f"synthesis.layer{2 * len(channels) - 2}.weight" in state and len(channels) > 1:
            fused_from = min(fused_from, 2 << len(channels))
    mapping = [state["mapping.dense0.fc.weight"].shape[1]]
    while (name := f"mapping.dense{len(mapping) - 1}.fc.weight") in state:
        mapping.append(state[name].shape[0])
    w_dim = state["synthesis.layer0.epilogue.style_mod.dense.fc.weight"].shape[1]
    net = Generator.of_sizes(channels, mapping, w_dim, final_tanh=final_tanh, fused_from=fused_from)
    net.load_state_dict(state)
    return net.eval().requires_grad_(False)


def load_generator(path: Path, final_tanh: bool = True) -> Generator | StyleGAN2:
    """A generator, frozen.

    - `.idinv`: whatever `idinv-lite convert --generator` has made of a checkpoint;
    - `.pth`, `.pt`: StyleGAN under idinvert_pytorch's names, StyleGAN2 under those of the usual PyTorch port.

    `final_tanh` is what a StyleGAN checkpoint does not say; an `.idinv` file does.
    """
    if not path.exists():
        raise SystemExit(f"{path}: not found; expected a generator")
    if path.suffix == ".idinv":
        file = from_model.ModelFile(path)
        if "generator" not in file:
            raise SystemExit(f"{path}: holds no generator")
        return from_model.generator(file).requires_grad_(False)
    try:
        with torch.serialization.safe_globals([argparse.Namespace]):
            checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise SystemExit(f"{path}: no checkpoint of tensors ({str(error).splitlines()[0]}); convert it to .idinv first: "
                         "idinv-lite convert --generator FILE -o G.idinv, and give --generator G.idinv") from None
    if found := _choose(checkpoint, "convs.0.conv.weight"):
        average = checkpoint.get("latent_avg") if isinstance(checkpoint, dict) else None
        try:
            return StyleGAN2.of_state(found[1], average if isinstance(average, Tensor) else None)
        except (KeyError, ValueError, RuntimeError) as error:
            raise SystemExit(f"{path}: not the StyleGAN2 generator that its names promise: {error}") from None
    if found := _choose(checkpoint, "mapping.dense0.fc.weight"):
        try:
            return _stylegan(found[1], final_tanh)
        except (KeyError, RuntimeError) as error:
            raise SystemExit(f"{path}: not the StyleGAN generator that its names promise: {error}") from None
    raise SystemExit(f"{path}: no generator under names known here; convert it to .idinv first: "
                     "idinv-lite convert --generator FILE -o G.idinv, and give --generator G.idinv")
