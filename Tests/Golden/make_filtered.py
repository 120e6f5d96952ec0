"""Makes `filtered_res32/`: the in-domain encoder of bryandlee/stylegan2-encoder-pytorch and what it computes.

The network is written down here once more, from its description, and computed in double precision; weights are random, and fewer than
the published ones. `encoder.pt` has what the program's training writes beside the encoder (`e`): discriminator and optimizers. The
program's generator is rosinality's StyleGAN2: `stylegan2_res32/converted.pt` here. It sees codes truncated by ψ 0.7 around its mean of
w, so that is what a model's encoder has to give: `codes` = mean + 0.7·(`encoded` − mean).

IDINV_FILTERED may name a folder with the program itself (`model.py`): then its outputs are compared.
"""

import argparse
import os

import numpy as np
import torch
import torch.nn.functional as F

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "filtered_res32")
GENERATOR = os.path.join(os.path.dirname(FOLDER), "stylegan2_res32", "converted.pt")
WIDTHS = [12, 20, 24, 12]  # at 32, 16, 8 and 4 pixels
LAYERS, DIMENSION = 8, 64
LINE = torch.tensor([1.0, 3, 3, 1]) / 8
FILTER = LINE[:, None] * LINE[None, :]


def state():
    """An encoder's tensors under the program's names: weights without the factor 1/√fan-in, which the program applies."""
    r = torch.randn
    result = {"convs.0.0.weight": r(WIDTHS[0], 3, 1, 1), "convs.0.1.bias": r(WIDTHS[0]) * 0.1}
    for index, (inputs, outputs) in enumerate(zip(WIDTHS, WIDTHS[1:], strict=False)):
        block = f"convs.{index + 1}."
        result |= {block + "conv1.0.weight": r(inputs, inputs, 3, 3), block + "conv1.1.bias": r(inputs) * 0.1}
        result |= {block + "conv2.0.kernel": FILTER.clone(), block + "conv2.1.weight": r(outputs, inputs, 3, 3)}
        result |= {block + "conv2.2.bias": r(outputs) * 0.1}
        result |= {block + "skip.0.kernel": FILTER.clone(), block + "skip.1.weight": r(outputs, inputs, 1, 1)}
    result[f"convs.{len(WIDTHS)}.weight"] = r(LAYERS * DIMENSION, WIDTHS[-1], 4, 4)
    return result


def convolution(x, weight, **options):
    return F.conv2d(x, weight * weight[0].numel() ** -0.5, **options)


def activation(x, bias):
    return F.leaky_relu(x + bias[:, None, None], 0.2) * 2**0.5


def filtered(x, padding):
    kernel = FILTER.to(x.dtype)[None, None].expand(x.shape[1], 1, 4, 4)
    return F.conv2d(F.pad(x, [padding] * 4), kernel, groups=x.shape[1])


def encode(tensors, image):
    x = activation(convolution(image, tensors["convs.0.0.weight"]), tensors["convs.0.1.bias"])
    for index in range(1, len(WIDTHS)):
        t = {name[len(f"convs.{index}.") :]: value for name, value in tensors.items() if name.startswith(f"convs.{index}.")}
        h = activation(convolution(x, t["conv1.0.weight"], padding=1), t["conv1.1.bias"])
        h = activation(convolution(filtered(h, 2), t["conv2.1.weight"], stride=2), t["conv2.2.bias"])
        x = (h + convolution(filtered(x, 1), t["skip.1.weight"], stride=2)) / 2**0.5
    return convolution(x, tensors[f"convs.{len(WIDTHS)}.weight"]).reshape(len(image), LAYERS, DIMENSION)


def main():
    torch.manual_seed(7400)
    os.makedirs(FOLDER, exist_ok=True)
    tensors = state()
    discriminator = {"final_conv.0.weight": torch.randn(4, 5, 3, 3), "final_linear.1.weight": torch.randn(1, 4)}
    discriminator["convs.0.0.weight"] = torch.randn(4, 3, 1, 1)
    optimizer = {"state": {0: {"step": 10, "exp_avg": torch.zeros(3)}}, "param_groups": [{"lr": 1e-4, "params": [0]}]}
    arguments = argparse.Namespace(size=32, latent=DIMENSION, n_mlp=4, channel_multiplier=2)
    whole = {"e": tensors, "d": discriminator, "e_optim": optimizer, "d_optim": optimizer, "args": arguments}
    torch.save(whole, os.path.join(FOLDER, "encoder.pt"))

    image = (torch.rand(2, 3, 32, 32) * 2 - 1).double().requires_grad_()
    double = {name: value.double() for name, value in tensors.items()}
    encoded = encode(double, image)
    mean = torch.load(GENERATOR, weights_only=True)["latent_avg"].double()
    codes = mean + 0.7 * (encoded - mean)
    cotangent = torch.randn(codes.shape).double()
    (gradient,) = torch.autograd.grad((cotangent * codes).sum(), image)
    arrays = {"image": image, "encoded": encoded, "codes": codes, "cotangent": cotangent, "grad_image": gradient}
    for name, value in arrays.items():
        np.save(os.path.join(FOLDER, f"{name}.npy"), value.detach().numpy().astype(np.float32))

    program = os.environ.get("IDINV_FILTERED")
    if program:
        compare(program, double, image.detach(), encoded.detach())


def compare(program, tensors, image, encoded):
    """The program's own modules with these tensors; its encoder's widths are fixed, so that they are put in."""
    import sys

    sys.path.insert(0, program)
    import model

    layers = [model.ConvLayer(3, WIDTHS[0], 1)]
    layers += [model.ResBlock(a, b) for a, b in zip(WIDTHS, WIDTHS[1:], strict=False)]
    layers.append(model.EqualConv2d(WIDTHS[-1], LAYERS * DIMENSION, 4, padding=0, bias=False))
    network = torch.nn.Module()
    network.convs = torch.nn.Sequential(*layers)
    network.load_state_dict(tensors)
    network = network.double()
    result = network.convs(image).reshape(len(image), LAYERS, DIMENSION)
    print("largest difference from the program:", float((result.detach() - encoded).abs().max() / encoded.abs().max()))


if __name__ == "__main__":
    main()
