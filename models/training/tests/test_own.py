"""Training on images and generators of one's own: what is read, what is refused, and whole runs at toy size."""

import functools
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from idinv_training import faces, from_model
from idinv_training.__main__ import main
from idinv_training.config import Budget
from idinv_training.make_random import random_generator
from idinv_training.networks import Encoder, Features, Generator
from idinv_training.networks.features import VGG16_PLAN
from idinv_training.networks.stylegan2 import StyleGAN2
from idinv_training.own.command import CONV4_3, gan_config, load_vgg16
from idinv_training.own.generators import load_generator
from idinv_training.own.photos import load_photos, square
from idinv_training.train_encoder import pyramid_error
from idinv_training.train_gan import mixed, stage_at
from idinv_training.train_judge import determination, read
from PIL import Image
from torch._dynamo.testing import CompileCounter

MODEL = Path(__file__).resolve().parents[2] / "default.idinv"


@pytest.fixture
def pictures(tmp_path):
    """Forty gradients and stripes, of several sizes, kinds and folders, and a file that is no picture."""
    folder = tmp_path / "pictures"
    (folder / "more").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for i in range(40):
        height, width = 20 + i, 30 + 2 * (i % 7)
        wave = np.sin(np.arange(width)[None] * rng.uniform(0.1, 1) + np.arange(height)[:, None] * rng.uniform(0.1, 1))
        picture = (127 + 100 * wave[..., None] * rng.uniform(0.2, 1, 3)).astype(np.uint8)
        mode = ("RGB", "L", "RGBA", "P")[i % 4]
        name = folder / ("more" if i % 3 else ".") / f"p{i:02d}.{'png' if i % 2 else 'jpg'}"
        image = Image.fromarray(picture).convert(mode)
        (image.convert("RGB") if name.suffix == ".jpg" else image).save(name)
    (folder / "broken.png").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("nor this")
    return folder


def test_pictures_of_any_kind_are_read(pictures, tmp_path, capsys):
    train, test = load_photos(pictures, 16, tmp_path / "run")
    assert (len(train), len(test)) == (38, 2)
    assert train.draw(5).shape == (5, 3, 16, 16)
    assert "broken.png" in capsys.readouterr().err
    archive = tmp_path / "pictures.zip"
    with zipfile.ZipFile(archive, "w") as out:
        for path in sorted(pictures.rglob("*.*")):
            out.write(path, path.relative_to(pictures))
    again, _ = load_photos(archive, 16, tmp_path / "other")
    assert torch.equal(again.images, train.images)
    # Held-out pictures are none of the others.
    assert not set(train.index.tolist()) & set(test.index.tolist())


def test_copies_are_left_out(pictures, tmp_path, capsys):
    first = pictures / "p00.jpg"
    (pictures / "link.jpg").symlink_to(first)
    Image.open(first).save(pictures / "copy.png")
    train, test = load_photos(pictures, 16, tmp_path / "run")
    assert (len(train), len(test)) == (38, 2)
    assert "left out 2 copies" in capsys.readouterr().err


def test_a_picture_becomes_its_middle_square_on_white():
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = 200
    assert (square(Image.fromarray(wide), 10) == 200).all()
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    assert (square(clear, 4) == 255).all()
    turned = Image.new("RGB", (4, 8), (9, 9, 9))
    turned.getexif()[0x0112] = 6
    assert square(turned, 4).shape == (3, 4, 4)


@pytest.mark.parametrize("make, message", [
    (lambda path: None, "not found"),
    (lambda path: path.write_bytes(b"x"), "neither a folder nor a ZIP"),
    (lambda path: path.mkdir(), "no pictures"),
])
def test_sources_that_are_none_are_refused(tmp_path, make, message):
    make(tmp_path / "source")
    with pytest.raises(SystemExit, match=message):
        load_photos(tmp_path / "source", 16, tmp_path / "run")


def random_stylegan2() -> StyleGAN2:
    torch.manual_seed(1)
    net = StyleGAN2([8, 8, 6], 12, 10, mapping_layers=3)
    for name, p in net.named_parameters():
        if name.endswith(("noise.weight", "activate.bias")):
            torch.nn.init.normal_(p, std=0.1)
    return net.eval().requires_grad_(False)


def test_generators_are_known_by_their_names(tmp_path):
    torch.manual_seed(0)
    one = random_generator(32, z_dim=12, w_dim=10, fmaps_base=128, fmaps_max=16)
    z = torch.randn(2, 12)
    torch.save({"generator": random_generator(32, z_dim=12, w_dim=10, fmaps_base=128, fmaps_max=16).state_dict(),
                "generator_smooth": one.state_dict()}, tmp_path / "one.pth")
    found = load_generator(tmp_path / "one.pth")
    assert torch.equal(found(z), one(z))
    two = random_stylegan2()
    torch.save({"g": {k: v * 2 for k, v in two.state_dict().items()}, "g_ema": two.state_dict(),
                "latent_avg": torch.ones(10)}, tmp_path / "two.pt")
    found = load_generator(tmp_path / "two.pt")
    assert isinstance(found, StyleGAN2) and torch.equal(found(z), two(z)) and found.latent_avg.sum() == 10
    torch.save({"a": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(SystemExit, match="idinv-lite convert"):
        load_generator(tmp_path / "other.pth")


def test_fused_layers_and_one_code_for_all(tmp_path):
    torch.manual_seed(0)
    net = Generator.of_sizes([8, 8, 8, 8, 6, 4], [12, 16, 10], 10, final_tanh=False)
    torch.save(net.state_dict(), tmp_path / "g.pth")
    found = load_generator(tmp_path / "g.pth", final_tanh=False)
    z = torch.randn(2, 12)
    assert found.resolution == 128 and found.repeats_w and found.synthesis.layer10.fused
    assert torch.equal(found.codes(z)[:, 0], found.codes(z)[:, -1])
    net.eval()
    assert torch.equal(found(z), net(z))


def test_the_shipped_model_comes_back_as_it_is():
    file = from_model.ModelFile(MODEL)
    generator, features = from_model.generator(file), from_model.features(file)
    torch.manual_seed(0)
    with torch.no_grad():
        images = generator(torch.randn(64, generator.z_dim))
        encoder = from_model.encoder(file, images)
        codes = encoder(images)
        assert (generator.synthesis(codes) - images).square().mean() < 0.02  # it encodes
        # In training it computes its own statistics, which are those of these images.
        assert (encoder.train()(images) - codes).abs().max() < 0.02 * codes.std()
        assert features(images).square().mean() > 1


def test_the_shipped_judge_reads_faces_as_it_did():
    attributes = faces.sample_attributes(256, 4242)
    images = faces.render(attributes, 64, 2).float() / 127.5 - 1
    judge = from_model.judge(from_model.ModelFile(MODEL.with_name("judge.idinv")), images, faces.sample_attributes(4096, 2))
    assert determination(read(judge, images), attributes).mean() > 0.95
    assert judge.standardised(images).std(0).sub(1).abs().max() < 0.25


def test_vgg16_of_torchvision_and_the_published_one_agree(tmp_path):
    torch.manual_seed(0)
    state, inputs, layer = {}, 3, 0
    for item in VGG16_PLAN[:CONV4_3]:
        if item == "pool":
            layer += 1
            continue
        state[f"features.{layer}.weight"] = torch.randn(item, inputs, 3, 3) * (2 / inputs / 9) ** 0.5
        state[f"features.{layer}.bias"] = torch.randn(item) * 0.1
        layer, inputs = layer + 2, item
    torch.save(state, tmp_path / "vgg16.pth")
    image = torch.rand(1, 3, 32, 32) * 2 - 1
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    plain = Features(VGG16_PLAN[:CONV4_3])
    plain.load_state_dict({name.replace("features.", "layer"): value for name, value in state.items()})
    x = ((image + 1) / 2 - mean) / std
    with torch.no_grad():
        for kind, name in plain.steps:
            x = torch.nn.functional.max_pool2d(x, 2) if kind == "pool" else getattr(plain, name)(x).relu()
        torch.testing.assert_close(load_vgg16(tmp_path / "vgg16.pth")(image), x, atol=1e-3, rtol=1e-3)
    torch.save(plain.state_dict(), tmp_path / "published.pth")
    with torch.no_grad():
        torch.testing.assert_close(load_vgg16(tmp_path / "published.pth")(image), plain(image))
    with pytest.raises(SystemExit, match="not VGG16"):
        torch.save({"a": torch.zeros(1)}, tmp_path / "none.pth")
        load_vgg16(tmp_path / "none.pth")


@pytest.mark.parametrize("kind", ["one", "two"])
def test_an_encoder_for_somebody_elses_generator(pictures, tmp_path, kind, capsys):
    path, run = tmp_path / "g.pt", tmp_path / "run"
    if kind == "one":
        torch.manual_seed(0)
        torch.save(random_generator(16, z_dim=12, w_dim=10, fmaps_base=128, fmaps_max=8).state_dict(), path)
    else:
        torch.save({"g_ema": random_stylegan2().state_dict()}, path)
    command = ["encoder", "--generator", str(path), "--images", str(pictures), "--out", str(run), "--steps", "32",
               "--batch", "8", "--base", "8", "--widest", "8", "--device", "cpu", "--threads", "1"]
    main(command)
    advice = capsys.readouterr().out.splitlines()[-2:]
    assert "idinv-lite convert" in advice[0] and "--lambda-perceptual 0" in advice[1]
    state = torch.load(run / "encoder.pth")
    resolution, layers = 16, 6
    net = Encoder(resolution, 10, 8, 8)
    net.load_state_dict(state)
    assert net.layers == layers and all(torch.isfinite(v).all() for v in state.values())
    assert (run / "held-out.png").exists() and (run / "curves.png").exists()
    main([*command, "--resume"])
    assert all(torch.equal(v, torch.load(run / "encoder.pth")[k]) for k, v in state.items() if "running" not in k)


def test_a_gan_on_pictures_and_an_encoder_for_it(pictures, tmp_path):
    run = tmp_path / "gan"
    main(["gan", "--images", str(pictures), "--out", str(run), "--resolution", "32", "--steps", "64", "--batch", "8",
          "--widest", "8", "--device", "cpu", "--threads", "1"])
    assert (run / "discriminator.pth").exists() and list((run / "samples").glob("*.png"))
    main(["encoder", "--generator", str(run / "generator.pth"), "--images", str(pictures), "--out", str(tmp_path / "e"),
          "--steps", "16", "--batch", "8", "--base", "8", "--widest", "8", "--adversarial", "0", "--device", "cpu",
          "--threads", "1"])
    assert (tmp_path / "e" / "encoder.pth").exists()


def test_growing_compiles_each_network_a_few_times(pictures, tmp_path, monkeypatch):
    counter = CompileCounter()
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend=counter))
    main(["gan", "--images", str(pictures), "--out", str(tmp_path / "gan"), "--resolution", "32", "--steps", "400", "--batch", "8",
          "--widest", "8", "--device", "cpu", "--threads", "1", "--bfloat16", "--compile"])
    # At 16 px, at 32 px while it fades in, and at 32 px: G once, D in its own step and in that of G.
    assert counter.frame_count <= 3 * 3


def test_growing_covers_the_budget():
    for resolution in (16, 32, 64, 256):
        config = gan_config(resolution, 32, None)
        assert abs(sum(share for _, share, _ in config.stages) - 1) < 1e-9
        assert stage_at(config, 1.0)[0] == resolution and stage_at(config, 0.0)[0] == 16
    assert gan_config(64, 32, 0.7).stages[-1][2] == 0.7
    assert gan_config(64, 32, None).budget == Budget(1)


def test_mixed_codes_are_those_of_two():
    torch.manual_seed(0)
    codes = torch.arange(6.0).view(6, 1, 1).expand(6, 8, 2)
    crossed = mixed(codes, 1.0)
    assert torch.equal(crossed[:, 0], codes[:, 0])
    assert torch.equal(crossed[:, -1], codes.roll(1, 0)[:, -1])
    assert torch.equal(mixed(codes, 0.0), codes)


def test_pyramid_error_sees_edges_and_no_brightness():
    x = torch.randn(2, 3, 16, 16)
    assert pyramid_error(x, x + 0.3) < 1e-6
    assert pyramid_error(x, torch.zeros_like(x)) > 0.1


def write_model(path, specification, tensors):
    """An `.idinv` file, as far as `ModelFile` reads one."""
    header, data = {"__metadata__": {"specification": json.dumps(specification)}}, b""
    for name, value in tensors.items():
        raw = value.detach().float().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def test_a_stylegan2_comes_back_out_of_a_model_file(tmp_path):
    net, root = random_stylegan2(), 2 ** 0.5
    tensors = {"generator.w_average": net.latent_avg.expand(net.layers, -1), "generator.constant": net.input.input[0]}
    for i, layer in enumerate(list(net.style)[1:]):
        tensors[f"generator.mapping.{i}.weight"] = layer.weight * layer.scale * root
        tensors[f"generator.mapping.{i}.bias"] = layer.bias * layer.lr_multiplier * root
    modules = {f"generator.layer.{k}": layer for k, layer in enumerate([net.conv1, *net.convs])}
    for k, (name, layer) in enumerate(modules.items()):
        tensors[f"{name}.noise_strength"], tensors[f"{name}.bias"] = layer.noise.weight * root, layer.activate.bias * root
        tensors[f"{name}.noise"] = getattr(net.noises, f"noise_{k}")[0, 0]
    outputs = {f"generator.output.{b}": to_rgb for b, to_rgb in enumerate([net.to_rgb1, *net.to_rgbs])}
    for name, to_rgb in outputs.items():
        tensors[f"{name}.bias"] = to_rgb.bias.flatten()
    for name, module in {**modules, **outputs}.items():
        conv = module.conv
        tensors[f"{name}.weight"] = conv.weight[0] * conv.scale
        tensors[f"{name}.style.weight"] = conv.modulation.weight * conv.modulation.scale
        tensors[f"{name}.style.bias"] = conv.modulation.bias
    specification = {"generator": {"architecture": {"styleGAN2": {}}, "blockChannels": [8, 8, 6], "zDimension": 12,
                                   "wDimension": 10, "mappingFeatures": [10, 10, 10]}}
    write_model(tmp_path / "g.idinv", specification, tensors)
    z = torch.randn(2, 12)
    torch.testing.assert_close(load_generator(tmp_path / "g.idinv")(z), net(z), atol=1e-5, rtol=1e-4)
    specification["generator"]["architecture"] = {"styleGAN2": {"clamp": 256}}
    write_model(tmp_path / "c.idinv", specification, tensors)
    with pytest.raises(SystemExit, match="clamped"):
        load_generator(tmp_path / "c.idinv")
