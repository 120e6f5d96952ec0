"""The judge, what it is shown, and the adversarial training that it watches."""

import torch
from idinv_training import faces
from idinv_training.augment import Augmentation
from idinv_training.figures import learned, reading
from idinv_training.metrics import sharpness
from idinv_training.networks import Judge
from idinv_training.train_judge import damaged, determination, gaussian_blur, resampled, shifted


def test_the_judge_is_a_trunk_and_a_dense_layer():
    judge = Judge(32, (4, 6, 8, 8), 5).eval()
    judge.mean.fill_(2.0)
    judge.std.fill_(3.0)
    names = judge.state_dict()
    assert {"block0.conv.weight", "block1.conv.weight", "block1.bn1.bn.running_var", "dense.weight", "mean"} <= set(names)
    assert "block3.conv.weight" not in names  # the width stays: no shortcut
    x = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(judge(x), judge.standardised(x) * 3 + 2)
    assert judge.features(x).shape == (2, 8, 4, 4)
    assert Judge.widths(names) == [4, 6, 8, 8]


def test_damage_keeps_size_and_range():
    torch.manual_seed(0)
    image = torch.rand(32, 3, 32, 32) * 2 - 1
    worse = damaged(image)
    assert worse.shape == image.shape and worse.abs().max() <= 1.001
    assert not torch.equal(worse, image)
    flat = torch.full((1, 3, 16, 16), 0.25)
    torch.testing.assert_close(gaussian_blur(flat, 1.0), flat)
    torch.testing.assert_close(resampled(flat, 9), flat)
    assert torch.equal(shifted(image, 2, -1)[:, :, 1:, :-2], image[:, :, :-1, 2:])
    assert sharpness(gaussian_blur(image, 1.0)) < 0.3 * sharpness(image)


def test_determination_is_one_for_equals_and_zero_for_the_mean():
    wanted = torch.randn(500, 2)
    assert torch.equal(determination(wanted, wanted), torch.ones(2))
    mean = wanted.mean(0).expand_as(wanted)
    torch.testing.assert_close(determination(mean, wanted), torch.zeros(2), atol=1e-4, rtol=0)


def test_what_a_judge_finds_in_images_and_in_a_generator():
    """A judge and a generator that know the first attribute: the brightness of a gray image."""
    class Gray(Judge):
        def forward(self, image):
            return torch.stack([image.mean((1, 2, 3)), torch.randn(len(image))], 1)

    torch.manual_seed(0)
    judge = Gray(16, (4, 4, 4), 2)
    attributes = torch.rand(400, 2)
    found = reading(judge, attributes[:, :1, None, None].expand(-1, 3, 16, 16), attributes)
    assert set(found) == {"as they are", "blurred", "noise of 0.1", "resampled"}
    assert all(values[0] > 0.95 and values[1] < 0 for values in found.values())

    class Drawn(torch.nn.Module):
        z_dim = 8

        def forward(self, z):
            return z[:, :1, None, None].expand(-1, 3, 16, 16) / 4

    kept = learned(judge, Drawn(), attributes, 200)
    assert kept[0] > 0.9 and abs(kept[1]) < 0.3


def test_augmentation_follows_overfitting():
    augmentation = Augmentation(0.6)
    image = torch.rand(4, 3, 16, 16)
    assert augmentation(image) is image
    for _ in range(2000):
        augmentation.adapt(torch.ones(16))  # always sure
    assert 0.1 < augmentation.strength <= 0.8
    image.requires_grad_(True)
    augmentation(image).sum().backward()
    assert image.grad.abs().sum() > 0
    other = Augmentation(0.6)
    other.load_state_dict(augmentation.state_dict())
    assert other.strength == augmentation.strength
    for _ in range(20000):
        augmentation.adapt(torch.tensor([1.0, -1.0]))
    assert augmentation.strength == 0


def test_focus_lies_on_eyes_and_mouth():
    a = faces.sample_attributes(1, seed=0)
    a[:, faces.NAMES.index("yaw")] = a[:, faces.NAMES.index("pitch")] = 0
    mask = faces.focus(a, 64)[0, 0]
    assert mask.shape == (64, 64) and mask.min() >= 0 and mask.max() <= 1
    row = lambda y: int((1 - y / faces.VIEW) * 32)
    assert mask[row(0.08), 24] > 0.8 and mask[row(-0.53), 32] > 0.8 and mask[4, 4] < 0.01
