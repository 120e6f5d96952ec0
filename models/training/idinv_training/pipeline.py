"""The stages of a run and the files that connect them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import torch
from torch import nn

from . import faces, from_model
from .config import Preset
from .data import Pool, load_pool, render_pool
from .export import Finished, compare_deviations, export
from .figures import learned, reading
from .loop import Settings, save_network, save_whole
from .networks import Discriminator, Encoder, Features, Generator, Judge, rescale_codes
from .pictures import save_png
from .train_encoder import GuidedNetworks, train_conventional, train_guided
from .train_features import AttributeHead, AttributeReader, Perception, train_features
from .train_gan import GanData, make_discriminator, make_generator, train_gan
from .train_judge import determination, read, train_judge
from .train_supervised import Lesson, train_supervised

OUTPUTS = {
    "pool": ("export/generator",),  # looked at again unless nothing is left to do
    "judge": ("judge",),
    "features": ("perceptual", "attributes"),
    "lesson": ("generator_lesson",),
    "gan": ("generator", "discriminator"),
    "encoder": ("encoder_conventional", "encoder"),
    "export": ("export/generator", "export/encoder", "export/perceptual"),
}


class Pipeline:
    """Each stage method reads the networks of earlier stages from the run folder and adds its own."""

    def __init__(self, preset: Preset, folder: Path, device: str, resume: bool,
                 start: Path | None = None):
        self.preset, self.folder, self.device, self.resume = preset, folder, device, resume
        self.started = Pipeline(preset, start, device, resume) if start else None
        folder.mkdir(parents=True, exist_ok=True)
        self.settings = Settings(folder, device, resume, preset.checkpoint_minutes, preset.compile)

    def complete(self, stage: str) -> bool:
        return all((self.folder / f"{name}.pth").exists() for name in OUTPUTS[stage])

    @cached_property
    def train(self) -> Pool:
        return load_pool(self.preset.data, "train", self.folder / "pool", self.device)

    @cached_property
    def test(self) -> Pool:
        return load_pool(self.preset.data, "test", self.folder / "pool", self.device)

    def save(self, name: str, net: nn.Module, **more) -> None:
        save_network(net, self.folder / f"{name}.pth", **more)

    def load(self, name: str, net: nn.Module) -> nn.Module:
        net.load_state_dict(torch.load(self.folder / f"{name}.pth", map_location="cpu"))
        return net.to(self.device).eval().requires_grad_(False)

    @cached_property
    def unseen(self) -> Pool:
        """Renders for the judge alone."""
        return load_pool(self.preset.data, "judge", self.folder / "pool", self.device)

    def trunk(self) -> Features:
        return self.load("perceptual", Features(self.preset.features.plan))

    def head(self) -> AttributeHead:
        head = AttributeReader(self.preset, len(faces.NAMES)).head
        state = torch.load(self.folder / "attributes.pth", map_location="cpu")
        if tuple(state.pop("names")) != faces.NAMES:
            raise SystemExit(f"{self.folder}/attributes.pth was trained for other attributes")
        head.load_state_dict(state)
        return head.to(self.device).eval().requires_grad_(False)

    def perception(self) -> Perception:
        return Perception(self.trunk(), self.head())

    def judge_network(self) -> Judge:
        state = torch.load(self.folder / "judge.pth", map_location="cpu")
        if tuple(state.pop("names")) != faces.NAMES:
            raise SystemExit(f"{self.folder}/judge.pth was trained for other attributes")
        net = Judge(self.preset.data.resolution, Judge.widths(state), len(faces.NAMES))
        net.load_state_dict(state)
        return net.to(self.device).eval().requires_grad_(False)

    def generator(self, name: str = "generator") -> Generator:
        return self.load(name, make_generator(self.preset))

    def discriminator(self, name: str = "discriminator") -> Discriminator:
        return self.load(name, make_discriminator(self.preset))

    def encoder_network(self) -> Encoder:
        c = self.preset.encoder
        return Encoder(self.preset.data.resolution, self.preset.gan.w_dim, c.base, c.widest)

    def scaled(self, deviation: float | None = None) -> tuple[Generator, Encoder, Encoder]:
        """Generator, encoder and conventional encoder, their codes brought to a standard deviation."""
        generator = self.generator()
        encoders = [self.load(name, self.encoder_network()) for name in ("encoder", "encoder_conventional")]
        codes = generator.codes(torch.randn(4096, generator.z_dim, generator=torch.Generator().manual_seed(0)).to(self.device))
        rescale_codes(generator, encoders, (deviation or self.preset.gan.code_deviation) / float(codes.std()))
        return generator, *encoders

    # ------------------------------------------------------------------------------------------------------- stages

    def pool(self, share: tuple[int, int] = (0, 1)) -> None:
        for split in ("test", "train"):
            render_pool(self.preset.data, split, self.folder / "pool", self.device, share)

    def judge(self) -> None:
        begun = self.started and self.started.complete("judge")
        judge = train_judge(self.preset, self.unseen, self.test, self.settings, self.started.judge_network() if begun else None)
        images = self.test.take(torch.arange(len(self.test), device=self.test.images.device))
        found = determination(read(judge, images), self.test.attributes)
        print("R2", {name: round(float(r), 3) for name, r in zip(faces.NAMES, found)}, flush=True)
        self.save("judge", judge, names=list(faces.NAMES))

    def features(self) -> None:
        start = self.started.perception() if self.started else None
        trunk, head = train_features(self.preset, self.train, self.test, self.settings, start)
        self.save("perceptual", trunk)
        self.save("attributes", head, names=list(faces.NAMES))

    def lesson(self) -> None:
        generator = self.started.generator() if self.started else make_generator(self.preset)
        if self.preset.gan.lesson:
            generator = train_supervised(self.preset, generator, (self.train, self.test), self.perception(), self.settings,
                                         taught=self.started is not None)
        self.save("generator_lesson", generator)

    def gan(self) -> None:
        trunk = self.trunk()
        lesson = Lesson(self.preset, self.train, self.perception()) if self.preset.gan.lesson else None
        judge = self.judge_network() if self.complete("judge") else None
        data = GanData(self.train, self.test, lesson, judge.features if judge else trunk, trunk if lesson else None)
        knows = self.started is not None and (self.started.folder / "discriminator.pth").exists()
        begun = self.started.discriminator().requires_grad_(True) if knows else make_discriminator(self.preset)
        generator, discriminator = train_gan(self.preset.gan, self.generator("generator_lesson"), begun, data, self.settings)
        self.save("generator", generator)
        self.save("discriminator", discriminator)

    def snapshot(self) -> None:
        state = torch.load(self.folder / "lesson.state.pth", map_location="cpu")
        generator = make_generator(self.preset)
        generator.load_state_dict(state["parts"]["average"])
        generator.measure_w_avg()
        self.save("generator_lesson", generator)

    def encoder(self) -> None:
        config, generator = self.preset.encoder, self.generator()
        conventional, begun = self.encoder_network(), None
        if self.started:
            conventional, begun = (self.started.load(name, self.encoder_network()).requires_grad_(True)
                                   for name in ("encoder_conventional", "encoder"))
        if not (self.resume and (self.folder / "encoder_conventional.pth").exists()):
            conventional = train_conventional(config, generator, conventional, self.test, self.settings)
            self.save("encoder_conventional", conventional)
        conventional = self.load("encoder_conventional", self.encoder_network())
        networks = GuidedNetworks(generator, self.perception(), self.discriminator())
        guided = train_guided(config, networks, begun or conventional, (self.train, self.test), self.settings)
        self.save("encoder", guided)

    def images(self, count: int = 100, seed: int | None = None) -> None:
        """The first held-out images as PNG files, and their attributes as a table, for `idinv-lite`; with a `seed`, images
        that nothing has seen."""
        data, out = self.preset.data, self.folder / ("held-out" if seed is None else f"fresh-{seed}")
        if seed in (data.train_seed, data.judge_seed):
            raise SystemExit(f"--face-seed {seed}: these faces were trained on")
        attributes = faces.sample_attributes(data.test_images, data.test_seed if seed is None else seed)[:count]
        out.mkdir(parents=True, exist_ok=True)
        for i, image in enumerate(faces.render(attributes, data.resolution, data.supersample).split(1)):
            save_png(out / f"face-{i + 1:03d}.png", image)
        rows = [",".join(("file", *faces.NAMES))]
        rows += [",".join((f"face-{i + 1:03d}.png", *(f"{v:.4f}" for v in row.tolist()))) for i, row in enumerate(attributes)]
        (out / "attributes.csv").write_text("\n".join(rows) + "\n")

    def reading(self, count: int = 2000, seed: int | None = None) -> None:
        """Prints R^2 of what the judge reads off held-out faces, or off fresh ones of a `seed`, and what it finds in the generator."""
        data, judge = self.preset.data, self.judge_network()
        attributes = faces.sample_attributes(count, data.test_seed if seed is None else seed)
        images = faces.render(attributes, data.resolution, data.supersample).float() / 127.5 - 1
        found = reading(judge, images.to(self.device), attributes.to(self.device))
        if (self.folder / "generator.pth").exists():
            found["correlation, G's images of training attributes"] = learned(judge, self.generator(), self.train.attributes)
        for name, values in found.items():
            print(f"{name}: mean {float(values.mean()):.4f}", {n: round(float(v), 3) for n, v in zip(faces.NAMES, values)},
                  flush=True)

    def take_over(self, path: Path, others: Sequence[Path] = ()) -> None:
        """Makes the networks of an `.idinv` file those of this run, as if its stages had made them; with those of `others`: the
        judge, and an encoder without a generator, which is the conventional one."""
        file, more = from_model.ModelFile(path), [from_model.ModelFile(other) for other in others]
        images = self.test.take(torch.arange(min(512, len(self.test)), device=self.test.images.device)).cpu()
        generator = from_model.generator(file)
        if not isinstance(generator, Generator):
            raise SystemExit(f"{path}: a StyleGAN2 generator; a run goes on from StyleGAN only")
        encoders = {name: from_model.encoder(found, images)
                    for name, files in (("encoder", [file]), ("encoder_conventional", more)) for found in files if "encoder" in found}
        # Training knows codes of about unit deviation.
        codes = generator.codes(torch.randn(4096, generator.z_dim, generator=torch.Generator().manual_seed(0)))
        rescale_codes(generator, list(encoders.values()), 0.7 / float(codes.detach().std()))
        for name in ("generator_lesson", "generator"):
            self.save(name, generator)
        for name, encoder in encoders.items():
            self.save(name, encoder)
        data = self.preset.data
        known = lambda seed: faces.sample_attributes(data.train_images, seed)
        for found in more:
            if "judge" in found:
                judge = from_model.judge(found, images, known(data.judge_seed))
                self.save("judge", judge, names=list(faces.NAMES))
                shutil.copyfile(found.path, self.folder / "judge.idinv")  # `ship` leaves a judge alone that was not trained here
        if "perceptual" in file:
            self.save("perceptual", from_model.features(file))
        if "attributes" in file:
            save_whole(from_model.attributes(file, known(data.train_seed)), self.folder / "attributes.pth")

    def deviation(self) -> None:
        compare_deviations(self.scaled, self.trunk(), self.train)

    def export(self) -> None:
        generator, encoder, conventional = self.scaled()
        judge = self.judge_network() if self.complete("judge") else None
        export(Finished(self.folder, self.device, generator, encoder, conventional, self.trunk(), judge, self.train,
                        self.test))
