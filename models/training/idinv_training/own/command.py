"""Training on your own images, for a generator of your own or of somebody else.

    python -m idinv_training encoder --generator G.pth --images FOLDER --out RUN [--vgg16 vgg16.pth]
    python -m idinv_training gan --images FOLDER --out RUN --resolution 64

`encoder` trains a conventional encoder (equation 1 of the paper, on the generator's own samples), then from it a domain-guided one
(equations 2 and 3, on your images), for StyleGAN or StyleGAN2: an `.idinv` file made of any checkpoint that `idinv-lite
convert --generator` reads, or a `.pth` or `.pt` under the usual names. Images are those of a folder or a ZIP archive, of any
size: their middle square, at the generator's resolution. With `--vgg16`, torchvision's weights or the published ones, the
perceptual term is the published one (conv4_3); without, an error of differences between neighboring pixels at three sizes.

`gan` trains a StyleGAN on them, growing, with adaptive augmentation.

Both print a line of progress, write samples and curves into RUN, save themselves every three minutes, and go on with
`--resume`. What comes out, RUN/encoder.pth and RUN/generator.pth, is what `idinv-lite convert` reads.
"""

from __future__ import annotations

import argparse
import math
import os
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from ..config import Budget, EncoderConfig, GanConfig
from ..data import Pool
from ..loop import Settings, save_network, stop_on_signals
from ..networks import Discriminator, Encoder, Features, Generator
from ..networks.features import BGR_MEAN, VGG16_PLAN
from ..pictures import save_png, to_bytes
from ..train_encoder import GuidedNetworks, reconstruction, train_conventional, train_guided
from ..train_features import Perception
from ..train_gan import GanData, train_gan
from .generators import load_generator
from .photos import load_photos

CONV4_3 = 13  # entries of VGG16_PLAN up to the published feature
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@torch.no_grad()
def load_vgg16(path: Path) -> Features:
    """VGG16 up to conv4_3: torchvision's weights (`features.0.weight`, RGB normalized) or the published ones (`layer0.weight`,
    BGR less its mean)."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    state = state.get("state_dict", state)
    net = Features(VGG16_PLAN[:CONV4_3])
    is_torchvision = "features.0.weight" in state
    named = {name.replace("features.", "layer"): value for name, value in state.items()}
    try:
        for _, name in net.steps:
            if name:
                getattr(net, name).weight.copy_(named[f"{name}.weight"])
                getattr(net, name).bias.copy_(named[f"{name}.bias"])
    except (KeyError, RuntimeError) as error:
        raise SystemExit(f"{path}: not VGG16 ({error}); expected features.0.weight … or layer0.weight …") from None
    if is_torchvision:
        # ((x + 1) / 2 - m) / s of RGB is what BGR in 0 to 255 less 255 m gives with weights turned round and divided by 255 s.
        scale = 255 * torch.tensor(IMAGENET_STD).view(1, 3, 1, 1)
        net.layer0.weight.copy_((net.layer0.weight / scale).flip(1))
        net.mean.copy_(255 * torch.tensor(IMAGENET_MEAN[::-1]).view(1, 3, 1, 1))
    else:
        net.mean.copy_(torch.tensor(BGR_MEAN).view(1, 3, 1, 1))
    return net.eval().requires_grad_(False)


def random_features(channels: int = 64) -> Features:
    """A feature network of random weights: enough to see by its Fréchet distance whether training goes forward."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Features((32, "pool", 64, "pool", channels)).eval().requires_grad_(False)


def _discriminator(resolution: int, widest: int) -> Discriminator:
    return Discriminator(resolution, 16 * max(64, resolution), widest)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="idinv_training", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="what", required=True)
    encoder, gan = kinds.add_parser("encoder"), kinds.add_parser("gan")
    for sub in (encoder, gan):
        sub.add_argument("--images", type=Path, required=True, help="folder or ZIP archive")
        sub.add_argument("--out", type=Path, required=True, help="folder of this run")
        sub.add_argument("--minutes", type=float, help="time limit, of each encoder or of the GAN")
        sub.add_argument("--steps", type=int, help="limit in images, of each encoder or of the GAN; default 400,000 or 2,000,000")
        sub.add_argument("--batch", type=int, default=16)
        sub.add_argument("--no-mirror", action="store_true", help="for images whose mirror image is wrong, as of letters")
        sub.add_argument("--resume", action="store_true")
        sub.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
        sub.add_argument("--threads", type=int, default=os.cpu_count())
        sub.add_argument("--bfloat16", action="store_true", help="fast on GPUs, and on CPUs with AVX512-BF16 or AMX")
        sub.add_argument("--compile", action="store_true", help="torch.compile: faster after a minute; needs a C++ compiler")
        sub.add_argument("--seed", type=int, default=0)
    encoder.add_argument("--generator", type=Path, required=True, help=".idinv, .pth or .pt")
    encoder.add_argument("--no-final-tanh", action="store_true", help="of a StyleGAN .pth whose images do not pass through tanh")
    encoder.add_argument("--vgg16", type=Path, help="weights of VGG16, for the published perceptual term")
    encoder.add_argument("--base", type=int, default=32, help="channels behind the first layer; published: 64")
    encoder.add_argument("--widest", type=int, default=256, help="most channels; published: 1024")
    encoder.add_argument("--adversarial", type=float, default=0.1, help="weight of the adversarial term; 0 leaves it out")
    encoder.add_argument("--conventional-only", action="store_true")
    gan.add_argument("--resolution", type=int, default=64)
    gan.add_argument("--widest", type=int, default=96, help="most channels")
    gan.add_argument("--gamma", type=float, help="of R1, at full resolution; default 0.2 at 64 px, in proportion to the pixels")
    return parser


def _budget(args: argparse.Namespace, images: int) -> Budget:
    return Budget(args.steps or images, args.minutes, args.batch)


def _settings(args: argparse.Namespace) -> Settings:
    return Settings(args.out, args.device, args.resume, 3.0, args.compile)


def train_encoders(args: argparse.Namespace) -> None:
    generator = load_generator(args.generator, not args.no_final_tanh).to(args.device)
    train, test = (pool.to(args.device) if args.device != "cpu" else pool
                   for pool in load_photos(args.images, generator.resolution, args.out))
    print(f"{args.generator}: {type(generator).__name__}, {generator.resolution} px, codes {generator.layers} x "
          f"{generator.w_dim}; {len(train)} pictures, {len(test)} held out", flush=True)
    config = EncoderConfig(_budget(args, 400_000), _budget(args, 400_000), args.base, args.widest, bfloat16=args.bfloat16,
                           adversarial_weight=args.adversarial, mirror=not args.no_mirror, report_images=5_000,
                           statistics_batch=min(64, max(8, 64 * 64 * 64 // generator.resolution ** 2)))
    network = lambda: Encoder(generator.resolution, generator.w_dim, config.base, config.widest)
    settings, done = _settings(args), args.out / "encoder_conventional.pth"
    if not (args.resume and done.exists()):
        save_network(train_conventional(config, generator, network(), test, settings), done)
    conventional = network()
    conventional.load_state_dict(torch.load(done, map_location="cpu"))
    if not args.conventional_only:
        perception = Perception(load_vgg16(args.vgg16).to(args.device)) if args.vgg16 else None
        discriminator = _discriminator(generator.resolution, min(256, args.widest))
        networks = GuidedNetworks(generator, perception, discriminator)
        guided = train_guided(config, networks, conventional, (train, test), settings)
        save_network(guided, args.out / "encoder.pth")
        _summarize(args.out, generator, {"conventional": conventional.to(args.device).eval(), "guided": guided}, test)
    _advise(args)


@torch.no_grad()
def _summarize(out: Path, generator: torch.nn.Module, encoders: dict[str, Encoder], test: Pool) -> None:
    """Held-out pictures above what each encoder makes of them, and their PSNR."""
    x = test.take(torch.arange(min(16, len(test)), device=test.images.device))
    rows: list[Tensor] = [x]
    for name, encoder in encoders.items():
        print(f"{name} encoder: {float(reconstruction(generator, encoder, test).mean()):.2f} dB on held-out pictures", flush=True)
        rows.append(generator.synthesis(encoder(x)))
    save_png(out / "held-out.png", to_bytes(torch.cat(rows)), len(x))


def _advise(args: argparse.Namespace) -> None:
    perceptual = f" --perceptual {args.vgg16}" if args.vgg16 else ""
    encoder = args.out / ("encoder_conventional.pth" if args.conventional_only else "encoder.pth")
    source = "CHECKPOINT" if args.generator.suffix == ".idinv" else str(args.generator)
    tanh = " --no-final-tanh" if args.no_final_tanh else ""
    model, weight = args.out / "model.idinv", "" if args.vgg16 else " --lambda-perceptual 0"
    print(f"idinv-lite convert --generator {source}{tanh} --encoder {encoder}{perceptual} -o {model}")
    print(f"idinv-lite invert -m {model} PICTURE{weight} -o RESULTS")


def train_generator(args: argparse.Namespace) -> None:
    resolution = args.resolution
    if not (16 <= resolution <= 1024 and resolution & (resolution - 1) == 0):
        raise SystemExit(f"--resolution: expected a power of two from 16 to 1024, found {resolution}")
    train, test = (pool.to(args.device) if args.device != "cpu" else pool
                   for pool in load_photos(args.images, resolution, args.out))
    print(f"{args.images}: {len(train)} pictures, {len(test)} held out", flush=True)
    config = gan_config(resolution, args.widest, args.gamma)
    config = replace(config, budget=_budget(args, 2_000_000), bfloat16=args.bfloat16)
    generator = Generator(resolution, config.z_dim, config.w_dim, config.fmaps_base, config.fmaps_max)
    data = GanData(train, test, None, random_features().to(args.device), mirror=not args.no_mirror)
    trained, discriminator = train_gan(config, generator, _discriminator(resolution, args.widest), data, _settings(args))
    save_network(trained, args.out / "generator.pth")
    save_network(discriminator, args.out / "discriminator.pth")
    print(f"python -m idinv_training encoder --generator {args.out / 'generator.pth'} --images {args.images} "
          f"--out {args.out}-encoder")


def gan_config(resolution: int, widest: int, gamma: float | None) -> GanConfig:
    """Growing from 16 px, each resolution for as long as all before it."""
    gamma = gamma if gamma is not None else 0.2 * (resolution / 64) ** 2
    count = int(math.log2(resolution // 16)) + 1
    shares = [2.0 ** max(0, i - 1) / 2 ** (count - 1) for i in range(count)]
    stages = tuple((16 << i, share, max(0.05, gamma / 4 ** (count - 1 - i))) for i, share in enumerate(shares))
    code = min(512, max(64, widest))
    return GanConfig(Budget(1), z_dim=code, w_dim=code, fmaps_base=32 * max(64, resolution), fmaps_max=widest, stages=stages,
                     mixing=0.5, augment_target=0.6, report_images=10_000)


def main(arguments: list[str]) -> None:
    args = _parser().parse_args(arguments)
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    stop_on_signals()
    args.out.mkdir(parents=True, exist_ok=True)
    (train_encoders if args.what == "encoder" else train_generator)(args)
