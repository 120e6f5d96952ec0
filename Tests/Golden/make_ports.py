"""Makes `ports/`: StyleGAN generators under the names of other PyTorch ports, with what each port computes.

The networks are written down here once more, from the ports' descriptions, and computed in double precision; weights are
random. Where a port draws its noise anew for each image, the noise is that which a converted model has: standard normal
numbers of `torch.manual_seed(block)`. `genforce128.pth` and its numbers come from genforce/genforce itself, where
IDINV_GENFORCE names a folder with `stylegan_128.pth`, `wp.npy`, `synthesized_wp.npy`, `target.npy`, `grad_wp_f64.npy`.
"""

import os
import shutil

import numpy as np
import torch
import torch.nn.functional as F

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ports")
BLUR = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]], dtype=torch.float64)[None, None] / 16


def blur(x):
    return F.conv2d(x, BLUR.expand(x.shape[1], -1, -1, -1), padding=1, groups=x.shape[1])


def fused_kernel(weight):
    """The zero-padded kernel [I, O, 3, 3], summed with itself shifted by one in each direction."""
    padded = F.pad(weight, [1, 1, 1, 1])
    return padded[:, :, 1:, 1:] + padded[:, :, :-1, 1:] + padded[:, :, 1:, :-1] + padded[:, :, :-1, :-1]


def noise(block):
    torch.manual_seed(block)
    size = 4 << block
    return torch.randn(size * size).reshape(1, 1, size, size).double()


def normalized(z):
    return z / (z.square().mean(1, keepdim=True) + 1e-8).sqrt()


def modulated(x, scale, shift):
    """Instance normalization with PyTorch's ε, then the style."""
    return F.instance_norm(x, eps=1e-5) * scale[:, :, None, None] + shift[:, :, None, None]


class Lernapparat:
    """lernapparat's modules; huangzh13's are the same under other names."""

    def __init__(self, mapping, block, output, channels, dimension, average):
        self.mapping, self.block, self.output, self.average = mapping, block, output, average
        r = torch.randn
        state = {}
        for i in range(8):
            state[f"{mapping}{i}.weight"] = r(dimension, dimension) * 100
            state[f"{mapping}{i}.bias"] = r(dimension) * 10
        for b, c in enumerate(channels):
            name = f"g_synthesis.{block(b)}."
            if b == 0:
                state |= {name + "const": r(1, c, 4, 4), name + "bias": r(c) * 0.1}
                second = "conv"
            else:
                state |= {name + "conv0_up.weight": r(c, channels[b - 1], 3, 3), name + "conv0_up.bias": r(c) * 0.1}
                state[name + "conv0_up.intermediate.kernel"] = BLUR.float()
                second = "conv1"
            state |= {f"{name}{second}.weight": r(c, c, 3, 3), f"{name}{second}.bias": r(c) * 0.1}
            for half in (1, 2):
                epilogue = f"{name}epi{half}."
                state[epilogue + "top_epi.noise.weight"] = r(c) * 0.2
                state |= {epilogue + "style_mod.lin.weight": r(2 * c, dimension)}
                state |= {epilogue + "style_mod.lin.bias": r(2 * c) * 0.2}
            if output(b, len(channels)):
                name = f"g_synthesis.{output(b, len(channels))}."
                state |= {name + "weight": r(3, c, 1, 1), name + "bias": r(3) * 0.1}
        if average:
            state[average] = r(dimension)
        self.state, self.blocks, self.dimension = state, len(channels), dimension

    def get(self, name):
        return self.state[name].double()

    def map(self, z):
        x = normalized(z)
        for i in range(8):
            weight = self.get(f"{self.mapping}{i}.weight") * (2 / self.dimension) ** 0.5 * 0.01
            x = F.leaky_relu(F.linear(x, weight, self.get(f"{self.mapping}{i}.bias") * 0.01), 0.2)
        return x

    def convolve(self, x, name, up=False):
        weight = self.get(name + ".weight")
        weight = weight * (2 / (weight.shape[1] * 9)) ** 0.5
        if up and x.shape[2] * 2 >= 128:
            x = F.conv_transpose2d(x, fused_kernel(weight.permute(1, 0, 2, 3)), stride=2, padding=1)
        else:
            x = F.conv2d(F.interpolate(x, scale_factor=2) if up else x, weight, padding=1)
        return (blur(x) if up else x) + self.get(name + ".bias")[None, :, None, None]

    def synthesize(self, wp):
        x = None
        for b in range(self.blocks):
            name = f"g_synthesis.{self.block(b)}."
            for half in (1, 2):
                if b == 0 and half == 1:
                    x = self.get(name + "const").expand(len(wp), -1, -1, -1)
                    x = x + self.get(name + "bias")[None, :, None, None]
                elif half == 1:
                    x = self.convolve(x, name + "conv0_up", up=True)
                else:
                    x = self.convolve(x, name + ("conv" if b == 0 else "conv1"))
                epilogue = f"{name}epi{half}."
                x = x + self.get(epilogue + "top_epi.noise.weight")[None, :, None, None] * noise(b)
                weight = self.get(epilogue + "style_mod.lin.weight") / self.dimension**0.5
                style = F.linear(wp[:, 2 * b + half - 1], weight, self.get(epilogue + "style_mod.lin.bias"))
                scale, shift = style.chunk(2, 1)
                x = modulated(F.leaky_relu(x, 0.2), scale + 1, shift)
        name = f"g_synthesis.{self.output(self.blocks - 1, self.blocks)}."
        weight = self.get(name + "weight") / x.shape[1] ** 0.5
        return F.conv2d(x, weight, self.get(name + "bias"))

    def mean(self):
        if self.average:
            return self.get(self.average)
        return sampled_mean(self)


class Rosinality:
    """rosinality/style-based-gan-pytorch: every weight counts √(2 / fan in), the bias is blurred."""

    def __init__(self, channels, dimension):
        r = torch.randn
        state = {}
        for i in range(1, 17, 2):
            state[f"style.{i}.linear.weight_orig"] = r(dimension, dimension)
            state[f"style.{i}.linear.bias"] = r(dimension) * 0.1
        for b, c in enumerate(channels):
            name = f"generator.progression.{b}."
            if b == 0:
                state[name + "conv1.input"] = r(1, c, 4, 4)
            elif 4 << b >= 128:
                state |= {name + "conv1.0.weight": r(channels[b - 1], c, 3, 3), name + "conv1.0.bias": r(c) * 0.3}
                state |= {name + f"conv1.1.weight{f}": BLUR.float().repeat(c, 1, 1, 1) for f in ("", "_flip")}
            else:
                state[name + "conv1.1.conv.weight_orig"] = r(c, channels[b - 1], 3, 3)
                state[name + "conv1.1.conv.bias"] = r(c) * 0.3
                state |= {name + f"conv1.2.weight{f}": BLUR.float().repeat(c, 1, 1, 1) for f in ("", "_flip")}
            state |= {name + "conv2.conv.weight_orig": r(c, c, 3, 3), name + "conv2.conv.bias": r(c) * 0.3}
            for half in (1, 2):
                state[name + f"noise{half}.weight_orig"] = r(1, c, 1, 1)
                state[name + f"adain{half}.style.linear.weight_orig"] = r(2 * c, dimension) * 0.5
                bias = r(2 * c) * 0.2
                bias[:c] += 1
                state[name + f"adain{half}.style.linear.bias"] = bias
            state[f"generator.to_rgb.{b}.conv.weight_orig"] = r(3, c, 1, 1) * 0.5
            state[f"generator.to_rgb.{b}.conv.bias"] = r(3) * 0.1
        self.state, self.blocks, self.dimension = state, len(channels), dimension

    def get(self, name):
        return self.state[name].double()

    def equal(self, name):
        weight = self.get(name)
        return weight * (2 / (weight.shape[1] * weight[0][0].numel())) ** 0.5

    def map(self, z):
        x = normalized(z)
        for i in range(1, 17, 2):
            x = F.linear(x, self.equal(f"style.{i}.linear.weight_orig"), self.get(f"style.{i}.linear.bias"))
            x = F.leaky_relu(x, 0.2)
        return x

    def first(self, x, b):
        name = f"generator.progression.{b}.conv1."
        if name + "0.weight" in self.state:
            weight = self.get(name + "0.weight")
            weight = fused_kernel(weight * (2 / (weight.shape[0] * 9)) ** 0.5) / 4
            return blur(F.conv_transpose2d(x, weight, self.get(name + "0.bias"), stride=2, padding=1))
        x = F.interpolate(x, scale_factor=2)
        return blur(F.conv2d(x, self.equal(name + "1.conv.weight_orig"), self.get(name + "1.conv.bias"), padding=1))

    def synthesize(self, wp):
        x = None
        for b in range(self.blocks):
            name = f"generator.progression.{b}."
            for half in (1, 2):
                if b == 0 and half == 1:
                    x = self.get(name + "conv1.input").expand(len(wp), -1, -1, -1)
                elif half == 1:
                    x = self.first(x, b)
                else:
                    x = F.conv2d(x, self.equal(name + "conv2.conv.weight_orig"), self.get(name + "conv2.conv.bias"), padding=1)
                x = F.leaky_relu(x + self.equal(name + f"noise{half}.weight_orig") * noise(b), 0.2)
                style = name + f"adain{half}.style.linear."
                style = F.linear(wp[:, 2 * b + half - 1], self.equal(style + "weight_orig"), self.get(style + "bias"))
                x = modulated(x, *style.chunk(2, 1))
        name = f"generator.to_rgb.{self.blocks - 1}.conv."
        return F.conv2d(x, self.equal(name + "weight_orig"), self.get(name + "bias"))

    def mean(self):
        return sampled_mean(self)


def sampled_mean(network):
    """The mean of w that a conversion computes: 4096 z of `torch.manual_seed(0)`, sixteen at a time."""
    torch.manual_seed(0)
    rows = [torch.randn(16 * network.dimension).reshape(16, -1) for _ in range(256)]
    return network.map(torch.cat(rows).double()).mean(0)


def record(name, network, wrap):
    torch.save(wrap(network.state), os.path.join(FOLDER, f"{name}.pth"))
    torch.manual_seed(99)
    z = torch.randn(2, network.dimension)
    w = network.map(z.double())
    wp = torch.randn(1, 2 * network.blocks, network.dimension)
    code = wp.double().requires_grad_()
    image = network.synthesize(code)
    target = torch.rand_like(image) * 2 - 1
    (image - target.float().double()).square().mean().backward()
    arrays = {"z": z, "w": w, "wp": wp, "image": image, "target": target, "gradient": code.grad, "mean": network.mean()}
    for key, value in arrays.items():
        np.save(os.path.join(FOLDER, f"{name}_{key}.npy"), value.detach().numpy().astype("f4"))


def main():
    os.makedirs(FOLDER, exist_ok=True)
    torch.manual_seed(11)
    network = Lernapparat(
        "g_mapping.dense", lambda b: f"blocks.{4 << b}x{4 << b}", lambda b, n: "torgb" if b == n - 1 else None,
        [16, 16, 12, 12, 8, 8], 32, None)
    record("lernapparat", network, lambda state: state)
    network = Lernapparat(
        "g_mapping.map.dense", lambda b: f"blocks.{b - 1}" if b else "init_block", lambda b, n: f"to_rgb.{b}",
        [16, 16, 8], 32, "truncation.avg_latent")
    record("huangzh13", network, lambda state: state)
    network = Rosinality([16, 16, 12, 12, 8, 8], 32)
    noisy = {key: value + 0.1 * value.ndim * ("orig" in key) for key, value in network.state.items()}
    record("rosinality", network, lambda state: {"generator": noisy, "g_running": state, "g_optimizer": {"state": {}}})
    source = os.environ.get("IDINV_GENFORCE")
    if source:
        shutil.copy(os.path.join(source, "stylegan_128.pth"), os.path.join(FOLDER, "genforce128.pth"))
        for theirs, ours in [("wp", "wp"), ("synthesized_wp", "image"), ("target", "target"), ("grad_wp_f64", "gradient")]:
            values = np.load(os.path.join(source, theirs + ".npy")).astype("f4")
            np.save(os.path.join(FOLDER, f"genforce128_{ours}.npy"), values[:1])
        for theirs, ours in [("z", "z"), ("w", "w")]:
            shutil.copy(os.path.join(source, theirs + ".npy"), os.path.join(FOLDER, f"genforce128_{ours}.npy"))


if __name__ == "__main__":
    main()
