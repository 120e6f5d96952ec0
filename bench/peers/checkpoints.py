"""Random networks of the published shapes, and inputs for them: what is fast on these is fast on trained ones."""

from __future__ import annotations

import pathlib
import subprocess
import sys

from . import ROOT

INPUTS = 8


def place(
        folder: pathlib.Path, resolution: int, sizes: dict[str, int] | None = None, family: str = "stylegan") -> pathlib.Path:
    """Where below `folder` the random networks of these sizes lie."""
    head = [] if family == "stylegan" else [family]
    return folder / "-".join([*head, str(resolution), *(f"{name}{value}" for name, value in sorted((sizes or {}).items()))])


def prepare(
        folder: pathlib.Path, resolution: int, sizes: dict[str, int] | None = None, family: str = "stylegan") -> pathlib.Path:
    """Makes what is missing in `folder`: generator.pth and encoder.pth, or e4e.pt; vgg16.pth; codes.npy, images.npy, image.png.

    In a process of its own, so that the memory goes back. `sizes` are options of `idinv_training.make_random`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ready = folder / "inputs.ready"
    if not ready.exists():
        sizes = sizes or {}
        command = [sys.executable, "-m", "peers.checkpoints", str(folder), str(resolution), family]
        command += [f"{name}={value}" for name, value in sizes.items()]
        if subprocess.run(command, cwd=ROOT / "bench", check=False).returncode:
            raise SystemExit(1)  # it has said why
        ready.touch()
    return folder


def _make(folder: pathlib.Path, resolution: int, sizes: dict[str, int]) -> None:
    import torch
    from idinv_training import make_random

    from . import published

    torch.manual_seed(0)
    if not all((folder / name).exists() for name in published.FILES.values()):
        w_dim = sizes.get("w_dim", 512)
        generator = make_random.random_generator(resolution, z_dim=w_dim, w_dim=w_dim,
                                                 fmaps_base=sizes.get("fmaps_base", 16 << 10),
                                                 fmaps_max=sizes.get("fmaps_max", 512))
        # Four images measure the encoder's batch statistics well enough; more would need much memory at 1024 pixels.
        encoder = make_random.random_encoder(generator, 4, base=sizes.get("encoder_base", 64),
                                             widest=sizes.get("encoder_max", 1024))
        networks = {"generator": generator, "encoder": encoder, "perceptual": make_random.Features()}
        for network, name in published.FILES.items():
            torch.save(networks[network].state_dict(), folder / name)
        del generator, encoder, networks
    generator = published.load(folder, "generator")
    if generator.resolution != resolution:
        raise SystemExit(f"{folder}: the generator makes {generator.resolution} pixels, expected {resolution} (--resolution)")
    with torch.inference_mode():
        codes = generator.codes(torch.randn(INPUTS, generator.z_dim))
        images = torch.cat([generator.synthesis(code[None]) for code in codes])
    _store_inputs(folder, codes, images)


def _make_stylegan2(folder: pathlib.Path, resolution: int, sizes: dict[str, int]) -> None:
    import torch
    from idinv_training import make_random

    from . import published, random_e4e, stylegan2

    torch.manual_seed(0)
    style, widest = sizes.get("w_dim", 512), sizes.get("fmaps_max", 512)
    if not (folder / stylegan2.FILE).exists():
        random_e4e.random_checkpoint(resolution, folder / stylegan2.FILE, style, widest)
    if not (folder / published.FILES["perceptual"]).exists():
        torch.save(make_random.Features().state_dict(), folder / published.FILES["perceptual"])
    state = stylegan2.checkpoint(folder)["state_dict"]
    synthesis = stylegan2.Synthesis(state)
    with torch.inference_mode():
        w = stylegan2.Mapping(state)(torch.randn(INPUTS, style))
        codes = w[:, None].repeat(1, synthesis.layer_count, 1)
        images = torch.cat([synthesis(code[None]) for code in codes])
    _store_inputs(folder, codes, images / images.std() / 2)


def _store_inputs(folder: pathlib.Path, codes, images) -> None:
    import numpy
    import torch
    from PIL import Image

    with torch.inference_mode():
        # Pixels as a picture file has them: the command reads the first image from one.
        pixels = ((images + 1) * 127.5).round().clamp(0, 255)
    numpy.save(folder / "codes.npy", codes.numpy())
    numpy.save(folder / "images.npy", (pixels / 127.5 - 1).numpy())
    Image.fromarray(pixels[0].byte().permute(1, 2, 0).numpy()).save(folder / "image.png")


if __name__ == "__main__":
    make = _make_stylegan2 if sys.argv[3] == "stylegan2" else _make
    make(pathlib.Path(sys.argv[1]), int(sys.argv[2]),
         {name: int(value) for name, value in (word.split("=") for word in sys.argv[4:])})
