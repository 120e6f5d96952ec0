"""Seconds each: the renderer, the published names, the exactness of small tricks, and one whole run at toy size."""

import copy
import math
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from idinv_training import data, faces
from idinv_training.__main__ import main
from idinv_training.config import PRESETS
from idinv_training.curves import read
from idinv_training.data import Pool
from idinv_training.deliver import MOST_BYTES, MOST_FILES
from idinv_training.export import compare_deviations
from idinv_training.loop import Average, Run, Settings
from idinv_training.make_random import random_encoder, random_generator
from idinv_training.metrics import frechet_distance, psnr
from idinv_training.networks import POOL, Encoder, Features, Generator, UpLayer, rescale_codes, style_layers
from idinv_training.optimizer import Optimizer
from idinv_training.pipeline import Pipeline
from idinv_training.train_encoder import Norms
from idinv_training.train_features import INPUT_GAIN, AttributeHead, AttributeReader, Perception, feature_distance
from idinv_training.train_gan import blended, real_penalty, stage_at
from idinv_training.train_supervised import complete_latent, lesson_at, normal_ranks, pass_through
from torch import nn

# ------------------------------------------------------------------------------------------------------------ renderer


def test_faces_are_a_function_of_the_seed():
    a, b = faces.sample_attributes(6, seed=3), faces.sample_attributes(6, seed=3)
    assert torch.equal(a, b)
    assert not torch.equal(a, faces.sample_attributes(6, seed=4))
    assert torch.equal(faces.render(a, 16), faces.render(b, 16))


def test_a_face_does_not_depend_on_its_neighbors():
    a = faces.sample_attributes(5, seed=0)
    alone = faces.render(a[3:4], 16).int()
    assert (faces.render(a, 16)[3:4].int() - alone).abs().max() <= 1


@pytest.mark.parametrize("name, low, high", [("smile", -0.6, 1.0), ("glasses", 0, 1), ("hair_length", 0, 1),
                                             ("age", 0, 1), ("skin", 0, 1), ("beard", 0, 1), ("yaw", -0.4, 0.4)])
def test_an_attribute_moves_enough_pixels_to_be_learnt(name, low, high):
    a = faces.sample_attributes(8, seed=1).repeat(2, 1)
    a[:8, faces.NAMES.index(name)], a[8:, faces.NAMES.index(name)] = low, high
    before, after = faces.render(a, 32).float().chunk(2)
    moved = ((before - after).abs().amax(1) > 12).float().sum((1, 2)).median()
    assert moved >= 12, f"{name} moves {moved:.0f} of 1024 pixels"


# ------------------------------------------------------------------------------------------------------------ networks


def test_generator_has_the_published_names():
    names = set(Generator(32, 16, 16, 256, 16).state_dict())
    assert {"mapping.dense0.fc.weight", "mapping.dense7.wscale.bias", "truncation.w_avg", "truncation.truncation",
            "synthesis.lod", "synthesis.layer0.const", "synthesis.layer1.conv.weight", "synthesis.layer2.blur.kernel",
            "synthesis.layer7.epilogue.apply_noise.noise", "synthesis.layer7.epilogue.apply_noise.weight",
            "synthesis.layer7.epilogue.style_mod.dense.fc.weight", "synthesis.layer7.epilogue.bias",
            "synthesis.layer7.epilogue.style_mod.dense.wscale.bias", "synthesis.output3.conv.weight",
            "synthesis.output3.bias"} <= names
    assert len(names) == 16 + 2 + 1 + 1 + 8 * 5 + 7 + 3 + 4 * 2


def test_encoder_has_the_published_names():
    names = set(Encoder(32, 16, 8, 16).state_dict())
    assert {"block0.conv.weight", "block0.bn.bn.running_var", "block1.conv.weight", "block1.conv1.weight",
            "block1.wscale1.bias", "block1.bn2.bn.weight", "block4.fc.weight", "block4.bn.bn.bias"} <= names
    assert "block2.conv.weight" not in names  # no shortcut where the width stays


def test_features_are_numbered_like_vgg16():
    convs = [k for k in Features().state_dict() if k.endswith("weight")]
    assert [int(k[5:-7]) for k in convs] == [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]


def test_shapes():
    g, e = Generator(32, 12, 16, 256, 16).eval(), Encoder(32, 16, 8, 16).eval()
    w = g.codes(torch.randn(3, 12))
    assert w.shape == (3, style_layers(32), 16) == (3, 8, 16)
    image = g.synthesis(w)
    assert image.shape == (3, 3, 32, 32) and image.abs().max() <= 1
    assert e(image).shape == w.shape
    assert g.synthesis(w, resolution=16, alpha=torch.tensor(0.5)).shape[-1] == 16


def test_fused_upsampling_is_upsampling_then_convolution():
    torch.manual_seed(0)
    layer = UpLayer(128, 4, 6, 8)
    assert layer.fused
    x, w = torch.randn(1, 4, 64, 64), torch.randn(1, 8)
    # A transposed convolution applies its kernel mirrored.
    kernel = (layer.weight * layer.scale).permute(3, 2, 0, 1).flip(2, 3)
    plain = layer.epilogue.eval()(layer.blur(F.conv2d(F.interpolate(x, scale_factor=2), kernel, padding=1)), w)
    torch.testing.assert_close(layer.eval()(x, w), plain, atol=1e-4, rtol=1e-4)


def test_rescaled_features_are_proportional():
    torch.manual_seed(0)
    net = Features((8, POOL, 8, 8))
    for conv in net.convolutions():
        conv.bias.data.normal_()
    x = torch.rand(2, 3, 16, 16) * 2 - 1
    with torch.no_grad():
        before = net(x)
        net.rescale(3.0)
        torch.testing.assert_close(net(x), 3 * before, rtol=1e-4, atol=1e-3)


def test_codes_can_be_rescaled_without_changing_an_image():
    torch.manual_seed(0)
    g = random_generator(16, z_dim=12, w_dim=16, fmaps_base=256, fmaps_max=16)
    e = random_encoder(g, base=8, widest=16)
    z, x = torch.randn(3, 12), torch.rand(3, 3, 16, 16) * 2 - 1
    with torch.no_grad():
        codes, image, rebuilt = g.codes(z), g(z, truncate=True), g.synthesis(e(x))
        rescale_codes(g, [e], 0.25)
        torch.testing.assert_close(g.codes(z), codes * 0.25)
        torch.testing.assert_close(g(z, truncate=True), image, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(g.synthesis(e(x)), rebuilt, atol=1e-4, rtol=1e-4)


def test_fading_goes_from_the_smaller_image_to_the_larger():
    torch.manual_seed(0)
    g = Generator(16, 12, 16, 256, 16).eval()
    with torch.no_grad():
        w = g.codes(torch.randn(2, 12))
        small = F.interpolate(torch.atanh(g.synthesis(w, 8)), scale_factor=2)
        torch.testing.assert_close(g.synthesis(w, 16, torch.tensor(0.0)), torch.tanh(small), atol=1e-4, rtol=1e-3)
        torch.testing.assert_close(g.synthesis(w, 16, torch.tensor(1.0)), g.synthesis(w, 16), atol=1e-5, rtol=1e-4)


def test_the_attribute_head_has_the_exported_form():
    torch.manual_seed(0)
    head = AttributeHead(channels=6, size=4, attributes=3, hidden=5)
    head.std.copy_(torch.tensor([1.0, 2.0, 3.0]))
    head.mean.copy_(torch.tensor([0.5, 0.0, -1.0]))
    state = head.state_dict()
    assert set(state) == {"conv.weight", "conv.bias", "dense.weight", "dense.bias", "mean", "std"}
    x = torch.randn(2, 6, 4, 4)
    y = F.conv2d(x, state["conv.weight"], state["conv.bias"], padding=1).relu()
    y = y.view(2, 5, 2, 2, 2, 2).mean((3, 5)).reshape(2, 20)
    y = (y @ state["dense.weight"].T + state["dense.bias"]) * state["std"] + state["mean"]
    torch.testing.assert_close(head(x), y)
    torch.testing.assert_close(head(x.to(memory_format=torch.channels_last)), y)


def reader_of_noise() -> AttributeReader:
    torch.manual_seed(0)
    reader = AttributeReader(PRESETS["cpu-tiny"], 3).eval().requires_grad_(False)
    reader.head.std.copy_(torch.tensor([1.0, 2.0, 3.0]))
    return reader


def test_features_go_on_where_they_ended():
    reader, pool = reader_of_noise(), torch.randint(0, 256, (64, 3, 16, 16), dtype=torch.uint8)
    image = pool[:4].float() / 127.5 - 1
    before = reader(image)
    # What the end of the training does to both.
    reader.trunk.layer0.weight.mul_(INPUT_GAIN)
    factor = (4000 / feature_distance(reader.trunk, Pool(pool, torch.zeros(64, 3)))) ** 0.5
    reader.trunk.rescale(factor)
    reader.head.conv.weight.div_(factor)
    ended = Perception(reader.trunk, reader.head)
    torch.testing.assert_close(ended.head.standardised(ended.features(image)), before, rtol=1e-3, atol=1e-3)
    again = AttributeReader(PRESETS["cpu-tiny"], 3).eval().requires_grad_(False)
    again.take(ended, 4000)
    torch.testing.assert_close(again(image), before, rtol=1e-3, atol=1e-3)


def test_perception_sees_features_and_what_their_head_reads():
    reader = reader_of_noise()
    a, b = torch.rand(2, 4, 3, 16, 16) * 2 - 1
    perception = Perception(reader.trunk, reader.head)
    assert perception.errors(a, a) == (0, 0)
    a.requires_grad_(True)
    perceptual, attributes = perception.errors(a, b)
    readings = [reader.head(reader.trunk(x)) / reader.head.std for x in (a, b)]
    torch.testing.assert_close(attributes, (readings[0] - readings[1]).square().mean())
    torch.testing.assert_close(perceptual, (reader.trunk(a) - reader.trunk(b)).square().mean())
    attributes.backward()
    assert a.grad.abs().max() > 0
    assert Perception(reader.trunk).errors(a, b) == (perceptual, 0)


@pytest.mark.parametrize("name", ["jaw", "smile", "mouth_open", "eye_open", "iris"])
def test_what_moves_few_pixels_is_in_focus(name):
    index = faces.NAMES.index(name)
    attributes = faces.sample_attributes(64, 9)
    attributes[:, faces.NAMES.index("hair_length")] = 0  # hair hides a jaw
    moved = attributes.clone()
    moved[:, index] += attributes[:, index].std()
    change = (faces.render(moved, 64, 2).float() - faces.render(attributes, 64, 2).float()).abs().mean(1, keepdim=True)
    focus = faces.focus(attributes, 64)
    assert (change * focus).sum() / change.sum() > 3 * focus.mean()


def test_a_pool_is_rendered_in_shares_and_resumed(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "SHARD", 8)
    config = data.DataConfig(resolution=8, train_images=20, test_images=8, supersample=1)
    data.render_pool(config, "train", tmp_path, turn=(1, 2))
    assert len(list(tmp_path.glob("*.pth"))) == 1
    pool = data.load_pool(config, "train", tmp_path)
    wanted = faces.render(faces.sample_attributes(20, config.train_seed), 8, 1)
    assert pool.images.shape == wanted.shape and (pool.images.int() - wanted.int()).abs().max() <= 1


def test_attributes_are_independent():
    a = faces.sample_attributes(20_000, seed=0)
    correlation = torch.corrcoef(a.T) - torch.eye(a.shape[1])
    assert correlation.abs().max() < 0.03


def test_memory_layout_does_not_change_the_encoder():
    torch.manual_seed(0)
    net = Encoder(16, 8, 8, 16).eval()
    x = torch.randn(2, 3, 16, 16)
    torch.testing.assert_close(net(x.to(memory_format=torch.channels_last)), net(x), atol=1e-5, rtol=1e-4)


def test_random_checkpoints_are_not_degenerate():
    torch.manual_seed(0)
    g = random_generator(32, z_dim=16, w_dim=16, fmaps_base=512, fmaps_max=32)
    e = random_encoder(g, base=8, widest=32)
    with torch.no_grad():
        image = g(torch.randn(4, 16), truncate=True)
        code = e(image)
    assert 0.05 < image.std() < 1 and (image[0] - image[1]).abs().mean() > 0.01
    assert 0.05 < code.std() < 20 and (code[0] - code[1]).std() > 0.01


# ------------------------------------------------------------------------------------------------------------ training


def test_stages_cover_the_budget():
    for preset in PRESETS.values():
        shares = [[share for _, share, _ in preset.gan.stages]]
        if preset.gan.lesson:
            shares.append([share for _, share in preset.gan.lesson.stages])
            assert preset.gan.lesson.stages[-1][0] == preset.gan.stages[-1][0] == preset.data.resolution
        assert all(math.isclose(sum(part), 1.0) for part in shares)
    config = PRESETS["cpu-adversarial"].gan
    assert stage_at(config, 0.0)[:2] == (16, 1.0)
    resolution, alpha, _ = stage_at(config, config.stages[0][1] + 0.001)
    assert resolution == 32 and alpha < 0.1
    assert stage_at(config, 1.0)[:2] == (64, 1.0)


def test_a_lesson_grows():
    config = PRESETS["cpu-small"].gan.lesson
    first = config.stages[0][1]
    assert lesson_at(config, 0.0) == (16, 1.0)
    resolution, alpha = lesson_at(config, first + 0.01)
    assert resolution == 32 and 0 < alpha < 1
    assert lesson_at(config, 1.0) == (64, 1.0)


def test_penalty_of_a_linear_discriminator():
    weight = torch.randn(3, 4, 4)
    x = torch.randn(5, 3, 4, 4, requires_grad=True)
    torch.testing.assert_close(real_penalty((x * weight).sum((1, 2, 3)), x), weight.square().sum())


def test_metrics():
    x = torch.randn(4000, 6)
    assert frechet_distance(x, x) < 1e-6
    assert abs(frechet_distance(x, x + 2) - 24) < 1e-3
    torch.testing.assert_close(psnr(torch.zeros(1, 3, 4, 4), torch.full((1, 3, 4, 4), 0.2)), torch.tensor([20.0]))


def test_a_run_resumes_where_it_was_saved(tmp_path):
    net = torch.nn.Linear(2, 2)
    budget = PRESETS["cpu-tiny"].gan.budget
    run = Run(Settings(tmp_path), "gan", budget, {"net": net, "average": Average(net, 100)})
    run.advance(48)
    run.save()
    drawn = torch.randn(3)
    run.report()
    run.advance(48)
    run.report()
    other = torch.nn.Linear(2, 2)
    again = Run(Settings(tmp_path, resume=True), "gan", budget, {"net": other, "average": Average(other, 100)})
    assert again.images == 48 and torch.equal(other.weight, net.weight)
    assert torch.equal(torch.randn(3), drawn)  # and not what the run had drawn before
    assert read(tmp_path, "gan", "images") == [(48, 48, None)]  # later lines are forgotten


@pytest.mark.parametrize("share", ["2/2", "1", "a/b", "-1/2", "0/0"])
def test_a_share_that_is_none_is_refused(tmp_path, share, capsys):
    with pytest.raises(SystemExit):
        main(["pool", "--preset", "cpu-tiny", "--run", str(tmp_path), f"--share={share}"])
    assert "expected I/N" in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_a_whole_run(tmp_path):
    main(["all", "--preset", "cpu-tiny", "--run", str(tmp_path), "--device", "cpu", "--threads", "1"])
    export = tmp_path / "export"
    assert (export / "curves.png").exists()
    assert torch.load(export / "attributes.pth").pop("names") == list(faces.NAMES)
    for name in ("generator", "encoder", "encoder_conventional", "discriminator", "perceptual"):
        state = torch.load(export / f"{name}.pth")
        assert all(torch.isfinite(v).all() for v in state.values())
    assert state["layer3.weight"].shape == (16, 8, 3, 3)
    assert len(list((export / "examples").glob("face-*.png"))) == 8
    main(["all", "--preset", "cpu-tiny", "--run", str(tmp_path), "--device", "cpu", "--resume"])
    run = Pipeline(PRESETS["cpu-tiny"], tmp_path, "cpu", True)
    compare_deviations(run.scaled, run.trunk(), run.train, (0.1,), (2,), 2)
    main(["images", "--preset", "cpu-tiny", "--run", str(tmp_path), "--device", "cpu"])
    assert len(list((tmp_path / "held-out").glob("*.png"))) == 64
    assert len((tmp_path / "held-out" / "attributes.csv").read_text().splitlines()) == 65
    main(["snapshot", "--preset", "cpu-tiny", "--run", str(tmp_path), "--device", "cpu"])


def test_latents_of_attributes_look_like_latents():
    known = normal_ranks(faces.sample_attributes(2000, seed=0))
    assert known.mean(0).abs().max() < 0.01 and (known.std(0) - 1).abs().max() < 0.01
    z = complete_latent(known, 64)
    torch.testing.assert_close(z[:, :known.shape[1]], known)
    torch.testing.assert_close(z.square().mean(1), torch.ones(2000))  # so normalizing z changes nothing


def test_pass_through_keeps_the_first_dimensions_of_z():
    mapping = Generator(32, 24, 16, 256, 32).mapping
    pass_through(mapping, per_layer=16, noise=0.0)
    z = torch.randn(5, 24)
    z = z * z.square().mean(1, keepdim=True).rsqrt()
    w = mapping(z).view(5, 8, 16)
    torch.testing.assert_close((w[:, 3, :8] - w[:, 3, 8:]) / 1.2, z[:, :8], atol=1e-4, rtol=1e-4)


def test_a_time_limit_is_shared_and_ends_in_few_small_files(tmp_path):
    preset = PRESETS["cpu-tiny"]
    left, used = 10.0, {}
    for stage, _ in preset.shares:
        used[stage] = preset.minutes_of(stage, left)
        left -= used[stage]
    assert preset.minutes_of("export", 1.0) is None and 0.5 < left < 2  # for what comes after
    assert used["lesson"] > used["gan"] > used["judge"]
    out = tmp_path / "out"
    main(["all", "--preset", "cpu-tiny", "--run", str(tmp_path / "run"), "--device", "cpu", "--threads", "1",
          "--time-limit", "0.2", "--deliver", str(out)])
    files = sorted(out.iterdir())
    assert len(files) == 7 <= MOST_FILES and all(path.stat().st_size < MOST_BYTES for path in files)
    assert torch.load(out / "generator.pth")["synthesis.layer0.const"].dtype == torch.float16
    assert torch.load(out / "judge.pth")["names"] == list(faces.NAMES)


def test_a_stage_that_is_told_to_stop_saves_itself(tmp_path, monkeypatch):
    net = torch.nn.Linear(2, 2)
    run = Run(Settings(tmp_path), "gan", PRESETS["cpu-tiny"].gan.budget, {"net": net})
    monkeypatch.setattr("idinv_training.loop._Stop.asked", True)
    with pytest.raises(SystemExit, match="saved"):
        run.advance(16)
    assert torch.load(run.path)["images"] == 16


def test_time_in_which_the_process_was_stopped_is_not_counted(tmp_path):
    script = """if True:
        import os, sys, time
        from pathlib import Path
        from idinv_training.config import Budget
        from idinv_training.loop import Run, Settings, stop_on_signals
        stop_on_signals()
        run = Run(Settings(Path(sys.argv[1])), "gan", Budget(1000), {})
        for word in sys.stdin:
            run.advance(1)
            print(run.seconds, flush=True)
    """
    with subprocess.Popen([sys.executable, "-c", script, tmp_path], cwd=Path(__file__).resolve().parents[1],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        def seconds() -> float:
            process.stdin.write("step\n")
            process.stdin.flush()
            return float(process.stdout.readline())

        seconds()  # begun
        start = seconds()
        time.sleep(1)
        waited = seconds()  # a step that merely waits, as for a disk
        process.send_signal(signal.SIGSTOP)
        time.sleep(2)
        process.send_signal(signal.SIGCONT)
        time.sleep(0.3)  # whichever of its threads the signal comes to has time to take it
        paused = seconds()
        time.sleep(1)
        after = seconds()
        process.stdin.close()
    assert waited - start >= 0.9 and after - paused >= 0.9
    assert paused - waited < 0.5


def statistics(encoder: Encoder) -> list[torch.Tensor]:
    return [value.clone() for name, value in encoder.named_buffers() if "running" in name]


def test_settled_statistics_of_batch_norm_stay():
    torch.manual_seed(0)
    encoder = Encoder(16, 8, 8, 16)
    norms, average = Norms(encoder), Average(encoder, 1000)
    draw = lambda: torch.randn(8, 3, 16, 16) + 1
    before = statistics(encoder)
    encoder(draw())
    assert not torch.equal(statistics(encoder)[0], before[0])  # those of batches run along
    norms.bring(average, draw, 4)
    assert not torch.equal(statistics(average.net)[0], before[0])
    norms.settle(draw)
    settled = statistics(encoder)
    average.update(encoder, 8, 8)
    encoder(draw())
    norms.bring(average, draw, 4)
    for net in (encoder, average.net):
        assert all(torch.equal(a, b) for a, b in zip(statistics(net), settled))
    again = Norms(copy.deepcopy(encoder))  # a run that is resumed
    again.load_state_dict(norms.state_dict())
    again.encoder(draw())
    assert all(torch.equal(a, b) for a, b in zip(statistics(again.encoder), settled))


def test_the_guided_encoder_keeps_the_statistics_of_the_conventional_one(tmp_path):
    main(["all", "--preset", "cpu-tiny", "--run", str(tmp_path), "--device", "cpu", "--threads", "1", "--steps", "64"])
    guided, conventional = (torch.load(tmp_path / f"{name}.pth") for name in ("encoder", "encoder_conventional"))
    for name, value in conventional.items():
        assert torch.equal(guided[name], value) == ("running" in name or "tracked" in name), name


def test_steps_and_the_adversarial_weight_replace_the_presets(tmp_path, capsys):
    def parts(name: str, *more: str) -> set[str]:
        folder = tmp_path / name
        main(["all", "--preset", "cpu-tiny", "--run", str(folder), "--device", "cpu", "--threads", "1", "--steps", "32", *more])
        logs = {path.stem: read(folder, path.stem, "images") for path in folder.glob("*.jsonl")}
        assert set(logs) == {"judge", "features", "lesson", "gan", "encoder_conventional", "encoder"}
        assert all(log[-1][0] == 32 for log in logs.values())
        return set(torch.load(folder / "encoder.state.pth")["parts"])

    assert parts("with") - parts("without", "--adversarial", "0") == {"discriminator", "d_adam"}


def test_stages_go_on_from_another_run(tmp_path):
    def run(name: str, *more: str) -> dict[str, dict[str, torch.Tensor]]:
        folder = tmp_path / name
        if not (folder / "pool").exists() and more:
            shutil.copytree(tmp_path / "first" / "pool", folder / "pool")
        main(["all", "--preset", "cpu-tiny", "--run", str(folder), "--device", "cpu", "--threads", "1", "--steps", "16", *more])
        assert {path.stem for path in folder.glob("*.jsonl")} >= {"judge", "features", "lesson", "gan", "encoder"}
        return {name: torch.load(folder / f"{name}.pth")
                for name in ("judge", "perceptual", "generator_lesson", "discriminator", "encoder_conventional", "encoder")}

    def distance(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> float:
        return sum(float((a[name] - b[name]).abs().sum()) for name in a if name.endswith("weight"))

    first, again, other = run("first"), run("again", "--start", str(tmp_path / "first")), run("other", "--seed", "1")
    for name in first:
        assert 0 < distance(first[name], again[name]) < 0.5 * distance(first[name], other[name]), name


# ----------------------------------------------------------------------------------------------------------- optimizer


def two_layers(channels_last: bool) -> nn.Module:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 16, 3), nn.Conv2d(16, 8, 3))
    return net.to(memory_format=torch.channels_last) if channels_last else net


@pytest.mark.parametrize("channels_last", [False, True])
def test_a_step_of_a_convolution_has_the_same_length_in_every_direction(channels_last):
    net = two_layers(channels_last)
    before = net[1].weight.detach().clone()
    optimizer = Optimizer([(net, 1.0)], rate=0.01, convolution_rate=0.01)
    optimizer.step(net(torch.randn(4, 3, 12, 12)).square().mean(), schedule=0.5)
    step = (before - net[1].weight.detach()).permute(0, 2, 3, 1).reshape(8, -1)
    lengths = torch.linalg.svdvals(step) / (0.5 * 0.01 * 0.2 * step.shape[1] ** 0.5)
    assert lengths.min() > 0.5 and lengths.max() < 1.5, "Newton-Schulz leaves them between those"
    # Of three channels: by Adam, whose first step moves each weight by the rate.
    assert len(optimizer.parts["muon"].weights) == 1


def test_memory_layout_does_not_change_a_step():
    nets = [two_layers(layout) for layout in (False, True)]
    for net in nets:
        optimizer = Optimizer([(net, 1.0)], rate=0.01, convolution_rate=0.01)
        for i in range(3):
            optimizer.step(net(torch.full((1, 3, 8, 8), 0.1 * i + 0.1)).square().mean(), schedule=1.0)
    a, b = (net[1].weight.detach() for net in nets)
    assert (a - b).abs().max() < 2e-3 * a.abs().max()


def test_an_optimizer_goes_on_where_its_state_was_saved():
    def train(net, optimizer, steps):
        for i in steps:
            optimizer.step(net(torch.full((1, 3, 8, 8), 0.1 * i + 0.1)).square().mean(), schedule=1 / (1 + i))

    make = lambda net: Optimizer([(net[0], 3.0), (net[1], 1.0)], rate=0.01, convolution_rate=0.01)
    whole, first, second = (two_layers(True) for _ in range(3))
    train(whole, make(whole), range(4))
    optimizer = make(first)
    train(first, optimizer, range(2))
    second.load_state_dict(first.state_dict())
    resumed = make(second)
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    train(second, resumed, range(2, 4))
    for a, b in zip(whole.parameters(), second.parameters()):
        assert torch.equal(a, b)


def test_a_blend_lies_between_two_generators():
    a, b = Generator(16, 16, 16, 128, 16), Generator(16, 16, 16, 128, 16)
    for part, x, y in zip(blended(a, b, 0.25).parameters(), a.parameters(), b.parameters()):
        assert torch.allclose(part, 0.75 * x + 0.25 * y, atol=1e-4)
