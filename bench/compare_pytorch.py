"""Times idinv-lite against PyTorch: the same weights, objective, image and number of threads, on this machine.

Both programs run the published refinement step (forward and backward of the three terms). They take turns, one round
each, and the medians and their ratio are printed: a shared machine that slows down slows both.

    python -m venv .venv && .venv/bin/pip install -r bench/requirements.txt
    swift build -c release
    PYTHONPATH=models/training .venv/bin/python -m idinv_training.make_random --resolution 256 --out /tmp/full
    PYTHONPATH=models/training .venv/bin/python bench/compare_pytorch.py /tmp/full --rounds 5 --threads 2

The folder holds generator.pth, encoder.pth and vgg16.pth under the published names.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile
import time

import torch
import torch.nn.functional as F

from idinv_training.networks import Encoder, Generator

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONVOLUTIONS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21)
POOLS = (4, 9, 16)


class Published:
    """The published objective; `caches_target` computes the target's features once instead of in every step."""

    def __init__(self, folder: pathlib.Path, caches_target: bool):
        def load(name):
            return torch.load(folder / name, weights_only=False)

        generator, encoder = load("generator.pth"), load("encoder.pth")
        constant = generator["synthesis.layer0.const"]
        last = max(int(name.split(".")[1][6:]) for name in generator if name.startswith("synthesis.output"))
        resolution = 4 << last
        w_dim = generator["truncation.w_avg"].numel()
        narrowest = generator[f"synthesis.output{last}.conv.weight"].shape[1]
        self.generator = Generator(resolution, generator["mapping.dense0.fc.weight"].shape[1], w_dim,
                                   narrowest * resolution, constant.shape[1])
        self.generator.load_state_dict(generator)
        base = encoder["block0.conv.weight"].shape[0]
        widest = max(tensor.shape[0] for name, tensor in encoder.items() if ".conv" in name)
        self.encoder = Encoder(resolution, w_dim, base, widest)
        self.encoder.load_state_dict(encoder)
        self.generator.eval().requires_grad_(False)
        self.encoder.eval().requires_grad_(False)
        self.vgg = load("vgg16.pth")
        self.mean = torch.tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1)
        torch.manual_seed(0)
        self.image = torch.randn(1, 3, resolution, resolution).clamp(-1, 1)
        with torch.no_grad():
            self.code = self.encoder(self.image).view(1, -1, w_dim)
            self.target = self.features(self.image) if caches_target else None
        self.code.requires_grad_()

    def features(self, x):
        x = ((x + 1) * 127.5)[:, [2, 1, 0]] - self.mean
        for layer in range(22):
            if layer in CONVOLUTIONS:
                x = F.relu(F.conv2d(x, self.vgg[f"layer{layer}.weight"], self.vgg[f"layer{layer}.bias"], padding=1))
            elif layer in POOLS:
                x = F.max_pool2d(x, 2)
        return x

    def step(self):
        self.code.grad = None
        image = self.generator.synthesis(self.code)
        target = self.features(self.image) if self.target is None else self.target
        loss = ((self.image - image) ** 2).mean() + 5e-5 * ((target - self.features(image)) ** 2).mean()
        loss = loss + 2 * ((self.code - self.encoder(image).view_as(self.code)) ** 2).mean()
        loss.backward()


def timed(step, runs):
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=5, help="timed steps per round")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--weights", default="f16", choices=("f32", "f16", "int8"))
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / ".build/release/idinv-lite")
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    with tempfile.TemporaryDirectory() as folder:
        model = pathlib.Path(folder) / "model.idinv"
        subprocess.run(
            [arguments.program, "convert", "--generator", arguments.folder / "generator.pth", "--encoder",
             arguments.folder / "encoder.pth", "--perceptual", arguments.folder / "vgg16.pth", "--weights",
             arguments.weights, "-o", model, "--quiet"], check=True)
        networks = {"as published": Published(arguments.folder, False), "target cached": Published(arguments.folder, True)}
        for network in networks.values():
            network.step()
        results = {"idinv-lite": [], **{f"PyTorch, {name}": [] for name in networks}}
        for _ in range(arguments.rounds):
            output = subprocess.run(
                [arguments.program, "bench", "--model", model, "--runs", str(arguments.runs), "--threads",
                 str(arguments.threads), "--json"], check=True, capture_output=True, text=True).stdout
            ours = json.loads(output)
            results["idinv-lite"].append(ours["step"]["median_s"])
            for name, network in networks.items():
                results[f"PyTorch, {name}"].append(timed(network.step, arguments.runs))
    medians = {name: statistics.median(values) for name, values in results.items()}
    print(f"one refinement step, {arguments.threads} threads, {arguments.weights} weights, tier {ours['tier']}, "
          f"PyTorch {torch.__version__}; medians of {arguments.rounds} alternating rounds")
    for name, median in medians.items():
        ratio = statistics.median(a / b for a, b in zip(results["idinv-lite"], results[name]))
        print(f"  {name:24s} {median * 1e3:8.1f} ms    idinv-lite / this: {ratio:.2f}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"medians_s": medians, "rounds_s": results}, indent=2))


if __name__ == "__main__":
    main()
