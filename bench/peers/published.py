"""The published networks and objective in PyTorch, from checkpoints under the published names."""

from __future__ import annotations

import math
import pathlib
import zipfile

import torch
import torch.nn.functional as F
from idinv_training.networks import Encoder, Features, Generator, UpLayer
from idinv_training.networks.features import VGG16_PLAN
from idinv_training.networks.generator import FirstLayer
from torch import Tensor, nn

NETWORKS = ("generator", "encoder", "perceptual")
FILES = {"generator": "generator.pth", "encoder": "encoder.pth", "perceptual": "vgg16.pth"}
CONV4_3 = VGG16_PLAN[:13]  # where the published objective looks; files hold more
LEARNING_RATE, PERCEPTUAL_WEIGHT, DOMAIN_WEIGHT = 0.01, 5e-5, 2.0


def checkpoint(folder: pathlib.Path, network: str) -> dict[str, Tensor]:
    path = folder / FILES[network]
    # Files from before PyTorch 1.6 are no archives and cannot be mapped.
    return torch.load(path, mmap=zipfile.is_zipfile(path), weights_only=True)


def load(folder: pathlib.Path, network: str) -> nn.Module:
    """A network of the shapes that its checkpoint has. Weights stay in the mapped file until they are used."""
    state = checkpoint(folder, network)
    with torch.device("meta"):
        if network == "generator":
            last = max(int(name.split(".")[1][6:]) for name in state if name.startswith("synthesis.output"))
            resolution = 4 << last
            narrowest = state[f"synthesis.output{last}.conv.weight"].shape[1]
            net = Generator(resolution, state["mapping.dense0.fc.weight"].shape[1], state["truncation.w_avg"].numel(),
                            narrowest * resolution, state["synthesis.layer0.const"].shape[1])
        elif network == "encoder":
            blocks = 1 + max(int(name.split(".")[0][5:]) for name in state)
            outputs = state[f"block{blocks - 1}.fc.weight"].shape[0]
            widest = max(tensor.shape[0] for name, tensor in state.items() if ".conv" in name)
            net = Encoder(1 << blocks, outputs // (2 * (blocks - 1)), state["block0.conv.weight"].shape[0], widest)
    if network == "perceptual":
        net = Features(CONV4_3)
        net.load_state_dict({name: state[name] for name in net.state_dict()}, assign=True)
    else:
        net.load_state_dict(state, assign=True)
    return net.eval().requires_grad_(False)


class Synthesis(nn.Module):
    """Codes [B, L, D] to images: the generator without its mapping network."""

    def __init__(self, generator: Generator):
        super().__init__()
        self.synthesis = generator.synthesis

    def forward(self, code: Tensor) -> Tensor:
        return self.synthesis(code)


def forward_network(folder: pathlib.Path, network: str) -> nn.Module:
    """What is timed: generator [B, L, D] -> image, encoder image -> [B, L, D], perceptual image -> features."""
    net = load(folder, network)
    return Synthesis(net) if network == "generator" else net


class _Transposed(nn.Module):
    """An `UpLayer` whose 4x4 transposed kernel is a constant: as written, it does not export."""

    def __init__(self, layer: UpLayer):
        super().__init__()
        k = F.pad(layer.weight * layer.scale, (0, 0, 0, 0, 1, 1, 1, 1))
        k = k[1:, 1:] + k[:-1, 1:] + k[1:, :-1] + k[:-1, :-1]
        self.register_buffer("kernel", k.permute(2, 3, 0, 1).contiguous())
        self.blur, self.epilogue = layer.blur, layer.epilogue

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        return self.epilogue(self.blur(F.conv_transpose2d(x, self.kernel, stride=2, padding=1)), w)


class _First(nn.Module):
    """A `FirstLayer` whose batch is that of the code, in an exported graph too."""

    def __init__(self, layer: FirstLayer):
        super().__init__()
        self.const, self.epilogue = layer.const, layer.epilogue

    def forward(self, w: Tensor) -> Tensor:
        return self.epilogue(self.const.expand(w.shape[0], -1, -1, -1), w)


class _FeaturesOfShifted(nn.Module):
    """The feature network behind its channel swap and shift: ncnn cannot run the swap."""

    def __init__(self, features: Features):
        super().__init__()
        self.features = features

    def forward(self, x: Tensor) -> Tensor:
        for kind, name in self.features.steps:
            x = F.max_pool2d(x, 2) if kind == "pool" else F.relu(getattr(self.features, name)(x))
        return x


def exportable(folder: pathlib.Path, network: str, swaps_channels: bool = True) -> nn.Module:
    """The same function as `forward_network`, written so that exporters take it."""
    net = forward_network(folder, network)
    if network == "perceptual" and not swaps_channels:
        return _FeaturesOfShifted(net)
    if network == "generator":
        for name, layer in list(net.synthesis.named_children()):
            if isinstance(layer, UpLayer) and layer.fused:
                net.synthesis.add_module(name, _Transposed(layer))
            elif isinstance(layer, FirstLayer):
                net.synthesis.add_module(name, _First(layer))
        # Outputs of smaller resolutions are not part of the function, and their weights not of the file.
        last = int(math.log2(net.synthesis.resolution)) - 2
        for block in range(last):
            delattr(net.synthesis, f"output{block}")
    return net.requires_grad_(False)


class RefinementStep:
    """Forward and backward of the three published terms, from the encoder's code of an image (eq. 4 of the paper).

    `caches_target` computes the target's features once instead of in every step, as the published code does.
    """

    def __init__(self, folder: pathlib.Path, image: Tensor, caches_target: bool, compiles: bool = False):
        self.synthesis, self.encoder, self.features = self.networks(folder)
        self.image, self.target = image, None
        with torch.no_grad():
            self.code = self.encoder(image).clone()
            if caches_target:
                self.target = self.features(image)
        self.code.requires_grad_()
        self.losses = torch.compile(self._losses) if compiles else self._losses

    def networks(self, folder: pathlib.Path) -> tuple[nn.Module, nn.Module, nn.Module]:
        return forward_network(folder, "generator"), load(folder, "encoder"), load(folder, "perceptual")

    def _losses(self, code: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        image = self.synthesis(code)
        target = self.features(self.image) if self.target is None else self.target
        return ((self.image - image).square().mean(), (target - self.features(image)).square().mean(),
                (code - self.encoder(image)).square().mean())

    def __call__(self) -> list[float]:
        self.code.grad = None
        pixel, perceptual, domain = self.losses(self.code)
        (pixel + PERCEPTUAL_WEIGHT * perceptual + DOMAIN_WEIGHT * domain).backward()
        return [float(pixel), float(perceptual), float(domain)]

    def first_losses(self, steps: int = 2) -> list[list[float]]:
        """Losses of the first steps of the published optimization: the second depends on the first one's gradient."""
        start = self.code.detach().clone()
        adam = torch.optim.Adam([self.code], lr=LEARNING_RATE)
        losses = []
        for _ in range(steps):
            losses.append(self())
            adam.step()
        with torch.no_grad():
            self.code.copy_(start)
        return losses
