"""What leaves a run: plain state dicts under the published names, figures and pictures."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from .curves import draw_curves
from .data import Pool
from .figures import judged
from .invert import invert
from .loop import save_network, save_whole
from .metrics import FrechetMeter, psnr
from .networks import Encoder, Features, Generator, Judge
from .pictures import save_png, to_bytes
from .train_encoder import reconstruction

EXAMPLES = 8


@dataclass(frozen=True)
class Finished:
    """The networks of a run, their codes brought to the scale that is exported, and its images."""

    folder: Path
    device: str
    generator: Generator
    encoder: Encoder
    conventional: Encoder
    features: Features
    judge: Judge | None
    train: Pool
    test: Pool


def export(run: Finished, inverted: int = 32) -> dict:
    """Writes `export/` in the run folder: *.pth, figures.json, examples/face-NN.png, samples.png, contact.png."""
    out, generator, test = run.folder / "export", run.generator, run.test
    for name, net in (("generator", generator), ("encoder", run.encoder), ("encoder_conventional", run.conventional)):
        save_network(net, out / f"{name}.pth")
    for name in ("perceptual", "attributes", "discriminator", "judge"):
        if (run.folder / f"{name}.pth").exists():
            save_whole(torch.load(run.folder / f"{name}.pth"), out / f"{name}.pth")

    torch.manual_seed(0)
    z = torch.randn(64, generator.z_dim).to(run.device)
    with torch.no_grad():
        save_png(out / "samples.png", to_bytes(generator(z)), 16, 2)
        save_png(out / "samples-truncated.png", to_bytes(generator(z, truncate=True)), 16, 2)
    for i in range(EXAMPLES):
        save_png(out / "examples" / f"face-{i + 1:02d}.png", test.images[i:i + 1].cpu())

    x = test.take(torch.arange(min(inverted, len(test)), device=test.images.device))
    code = torch.cat([invert(part, generator, run.encoder, run.features) for part in x.split(16)])
    with torch.no_grad():
        encoded, refined = generator.synthesis(run.encoder(x)), generator.synthesis(code)
    rows = zip(*(to_bytes(part).split(16) for part in (x, encoded, refined)))
    save_png(out / "contact.png", torch.cat([image for row in rows for image in row]), 16, 2)

    meter = FrechetMeter(run.features, test)
    fake = lambda n: generator(torch.randn(n, generator.z_dim, device=run.device))
    figures = {
        "parameters": {name: sum(p.numel() for p in net.parameters())
                       for name, net in (("generator", generator), ("encoder", run.encoder), ("perceptual", run.features))},
        "frechet_generated": meter(fake),
        "frechet_real": meter(run.train.draw),
        "psnr_conventional_encoder": float(reconstruction(generator, run.conventional, test).mean()),
        "psnr_encoder": float(reconstruction(generator, run.encoder, test).mean()),
        "inverted_images": len(x),
        "psnr_encoder_same_images": float(psnr(x, encoded).mean()),
        "psnr_after_100_steps": float(psnr(x, refined).mean()),
    }
    if run.judge:
        encoders = {"guided": run.encoder, "conventional": run.conventional}
        figures["judged"] = judged(run.judge, generator, encoders, run.train, test)
    draw_curves(run.folder, out / "curves.png")
    save_png(out / "data.png", run.train.images[:64].cpu(), 16, 1)
    (out / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
    print(json.dumps(figures, indent=1))
    return figures


def compare_deviations(scaled: Callable[[float], tuple[Generator, Encoder, Encoder]], features: Features, train: Pool,
                       deviations: Sequence[float] = (0.05, 0.1, 0.2, 0.4, 0.8),
                       weights: Sequence[float] = (0, 0.5, 2, 10, 40), images: int = 24) -> None:
    """Prints PSNR and mean domain error, relative to the variance of codes, of 100-step inversions of training images.

    `scaled` gives generator and encoders with their codes brought to a deviation.
    """
    x = train.take(torch.arange(images, device=train.images.device))
    for deviation in deviations:
        generator, encoder, _ = scaled(deviation)
        print(f"deviation {deviation}: encoder {float(psnr(x, generator.synthesis(encoder(x))).mean()):.2f} dB", flush=True)
        for weight in weights:
            code = invert(x, generator, encoder, features, domain_weight=weight)
            with torch.no_grad():
                image = generator.synthesis(code)
                domain = float((code - encoder(image)).square().mean()) / deviation ** 2
            print(f"  weight {weight}: {float(psnr(x, image).mean()):.2f} dB, domain error {domain:.4f}", flush=True)
