"""The stages of a run and the files that connect them."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path

import torch
from torch import nn

from . import faces
from .config import Preset
from .data import Pool, load_pool
from .networks import Discriminator, Encoder, Features, Generator
from .train_features import AttributeHead, AttributeReader, train_features
from .train_supervised import train_supervised
from .train_gan import make_discriminator, make_generator, train_gan

OUTPUTS = {
    "features": ("perceptual", "head"),
    "gan": ("generator_gan", "discriminator_gan"),
    "lesson": ("generator_lesson",),
    "polish": ("generator", "discriminator"),
    "encoder": ("encoder_conventional", "encoder"),
    "export": ("export/generator", "export/encoder", "export/perceptual"),
}


class Pipeline:
    """Each stage method reads the networks of earlier stages from the run folder and adds its own."""

    def __init__(self, preset: Preset, folder: Path, device: str, resume: bool):
        self.preset, self.folder, self.device, self.resume = preset, folder, device, resume
        folder.mkdir(parents=True, exist_ok=True)

    def complete(self, stage: str) -> bool:
        return all((self.folder / f"{name}.pth").exists() for name in OUTPUTS[stage])

    @cached_property
    def train(self) -> Pool:
        return load_pool(self.preset.data, "train", self.folder / "pool", self.device)

    @cached_property
    def test(self) -> Pool:
        return load_pool(self.preset.data, "test", self.folder / "pool", self.device)

    def save(self, name: str, net: nn.Module) -> None:
        path = self.folder / f"{name}.pth"
        path.parent.mkdir(parents=True, exist_ok=True)
        # NCHW in the file, whatever layout training used.
        torch.save({k: v.detach().cpu().contiguous() for k, v in net.state_dict().items()}, path)

    def load(self, name: str, net: nn.Module) -> nn.Module:
        net.load_state_dict(torch.load(self.folder / f"{name}.pth", map_location="cpu"))
        return net.to(self.device).eval().requires_grad_(False)

    def trunk(self) -> Features:
        return self.load("perceptual", Features(self.preset.features.plan))

    def head(self) -> AttributeHead:
        return self.load("head", AttributeReader(self.preset, len(faces.NAMES)).head)

    def generator(self, name: str = "generator") -> Generator:
        return self.load(name, make_generator(self.preset))

    def discriminator(self, name: str = "discriminator") -> Discriminator:
        return self.load(name, make_discriminator(self.preset))

    def encoder_network(self) -> Encoder:
        c = self.preset.encoder
        return Encoder(self.preset.data.resolution, self.preset.gan.w_dim, c.base, c.widest)

    # ------------------------------------------------------------------------------------------------------- stages

    def features(self) -> None:
        trunk, head = train_features(self.preset, self.train, self.test, self.folder, self.device, self.resume)
        self.save("perceptual", trunk)
        self.save("head", head)

    def gan(self) -> None:
        generator, discriminator = train_gan(self.preset, self.train, self.test, self.trunk(), self.folder,
                                             self.device, self.resume)
        self.save("generator_gan", generator)
        self.save("discriminator_gan", discriminator)

    def lesson(self) -> None:
        generator = self.generator("generator_gan")
        if self.preset.gan.lesson:
            generator = train_supervised(self.preset, generator, self.train, self.trunk(), self.folder, self.device,
                                         self.resume)
        self.save("generator_lesson", generator)

    def polish(self) -> None:
        generator, discriminator = self.generator("generator_lesson"), self.discriminator("discriminator_gan")
        lesson = self.preset.gan.lesson
        if lesson and lesson.polish:
            _, _, gamma = self.preset.gan.stages[-1]
            gan = replace(self.preset.gan, budget=lesson.polish, learning_rate=lesson.polish_rate,
                          stages=((self.preset.data.resolution, 1.0, gamma),))
            generator, discriminator = train_gan(replace(self.preset, gan=gan), self.train, self.test, self.trunk(),
                                                 self.folder, self.device, self.resume, "polish",
                                                 (generator, discriminator))
        generator.measure_w_avg()
        self.save("generator", generator)
        self.save("discriminator", discriminator)

    def snapshot(self) -> None:
        """Takes the networks of an unfinished `gan` stage for finished ones, to try the later stages early."""
        state = torch.load(self.folder / "gan.state.pth", map_location="cpu")
        generator, discriminator = make_generator(self.preset), make_discriminator(self.preset)
        generator.load_state_dict(state["parts"]["average"])
        discriminator.load_state_dict(state["parts"]["discriminator"])
        generator.measure_w_avg()
        self.save("generator_gan", generator)
        self.save("discriminator_gan", discriminator)

    def encoder(self) -> None:
        from .train_encoder import train_conventional, train_guided
        generator, trunk = self.generator(), self.trunk()
        conventional = train_conventional(self.preset, generator, self.encoder_network(), self.test, self.folder,
                                          self.device, self.resume)
        self.save("encoder_conventional", conventional)
        guided = train_guided(self.preset, generator, trunk, self.discriminator(), conventional, self.train, self.test,
                              self.folder, self.device, self.resume)
        self.save("encoder", guided)

    def export(self) -> None:
        from .export import export
        export(self)
