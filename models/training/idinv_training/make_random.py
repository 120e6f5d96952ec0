"""Random checkpoints at the published size, for tests and timings that need no trained weights.

    python -m idinv_training.make_random --resolution 256 --out DIR [--legacy]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import nn

from .networks import Encoder, Features, Generator


@torch.no_grad()
def random_generator(resolution: int, **sizes) -> Generator:
    """A generator whose noise, biases and styles all matter, as after training."""
    net = Generator(resolution, **sizes).eval()
    for name, p in net.synthesis.named_parameters():
        if name.endswith("apply_noise.weight") or name.endswith(("epilogue.bias", "wscale.bias")):
            p.normal_(std=0.1)
    net.measure_w_avg(2000)
    return net


@torch.no_grad()
def random_encoder(generator: Generator, images: int = 8, **sizes) -> Encoder:
    """An encoder whose batch statistics are those of images of `generator`."""
    net = Encoder(generator.resolution, generator.w_dim, **sizes)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.normal_(1.0, 0.1)
            module.bias.normal_(std=0.1)
            module.momentum = None  # a plain mean over the batches seen below
    for name, p in net.named_parameters():
        if "wscale" in name:
            p.normal_(std=0.05)
    # Codes of a real encoder spread like the codes of its generator.
    codes = generator.codes(torch.randn(2000, generator.z_dim)).flatten(1)
    net.last.bn.bn.weight.copy_(codes.std(0).clamp_min(0.05))
    net.last.bn.bn.bias.copy_(codes.mean(0))
    net.train()
    for _ in range(2):
        net(generator(torch.randn(images // 2, generator.z_dim)))
    # Few images measure a variance badly: keep it away from zero.
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            var = module.running_var
            var.clamp_(min=0.3 * float(var.median()))
    return net.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resolution", type=int, default=256)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--w-dim", type=int, default=512)
    parser.add_argument("--fmaps-base", type=int, default=16 << 10)
    parser.add_argument("--fmaps-max", type=int, default=512)
    parser.add_argument("--encoder-base", type=int, default=64)
    parser.add_argument("--encoder-max", type=int, default=1024)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--legacy", action="store_true", help="the file format before PyTorch 1.6")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    generator = random_generator(args.resolution, z_dim=args.w_dim, w_dim=args.w_dim, fmaps_base=args.fmaps_base,
                                 fmaps_max=args.fmaps_max)
    encoder = random_encoder(generator, base=args.encoder_base, widest=args.encoder_max)
    features = Features()
    for name, net in (("generator", generator), ("encoder", encoder), ("vgg16", features)):
        torch.save(net.state_dict(), args.out / f"{name}.pth", _use_new_zipfile_serialization=not args.legacy)
    with torch.no_grad():
        image = generator(torch.randn(2, args.w_dim), truncate=True)
        code = encoder(image)
        print(f"image std {image.std():.3f}, code std {code.std():.3f}, difference of two codes "
              f"{(code[0] - code[1]).std():.3f}, features std {features(image).std():.3f}")


if __name__ == "__main__":
    main()
