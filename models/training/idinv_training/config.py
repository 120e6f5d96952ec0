"""Presets: everything that differs between a test of seconds, an hour on a laptop and a night on a GPU."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .networks import POOL


@dataclass(frozen=True)
class DataConfig:
    resolution: int
    train_images: int
    test_images: int
    supersample: int = 2
    train_seed: int = 1
    test_seed: int = 1_000_003


@dataclass(frozen=True)
class Budget:
    """A stage ends after `images` images or, if set, after `minutes` of its own wall-clock time."""

    images: int
    minutes: float | None = None
    batch: int = 32


@dataclass(frozen=True)
class LessonConfig:
    """Supervision of the generator by the renderer, after a first stretch of adversarial training."""

    budget: Budget
    polish: Budget | None = None  # a second adversarial stretch, at full resolution
    learning_rate: float = 0.003
    polish_rate: float = 0.001
    mapping_speed: float = 20.0  # undoes most of the mapping network's slowness, which supervision does not need
    perceptual_weight: float = 1e-4


@dataclass(frozen=True)
class GanConfig:
    budget: Budget
    z_dim: int = 64
    w_dim: int = 64
    fmaps_base: int = 1024
    fmaps_max: int = 96
    discriminator_base: int = 1024
    discriminator_max: int = 96
    # Progressive growing: (resolution, share of the budget, gamma of R1). Each stage but the first fades in over `fade`
    # of its length.
    stages: tuple[tuple[int, float, float], ...] = ((16, 0.28, 0.1), (32, 0.72, 0.1))
    fade: float = 0.25
    learning_rate: float = 0.0025
    r1_interval: int = 8
    ema_half_life: int = 8_000  # images
    bfloat16: bool = False
    lesson: LessonConfig | None = None


@dataclass(frozen=True)
class FeatureConfig:
    budget: Budget
    plan: tuple = (32, 32, POOL, 64, 64, POOL, 96, 96)
    learning_rate: float = 1e-3
    feature_mse: float = 4000.0  # of unrelated images, after rescaling: the order of VGG16's conv4_3


@dataclass(frozen=True)
class EncoderConfig:
    conventional: Budget
    guided: Budget
    base: int = 32
    widest: int = 128
    learning_rate: float = 1e-3
    ema_half_life: int = 8_000
    perceptual_weight: float = 5e-5
    adversarial_weight: float = 0.1
    gamma: float = 10.0
    r1_interval: int = 8
    bfloat16: bool = False


@dataclass(frozen=True)
class Preset:
    data: DataConfig
    gan: GanConfig
    features: FeatureConfig
    encoder: EncoderConfig
    checkpoint_minutes: float = 3.0

    def within(self, minutes: float) -> "Preset":
        """The same preset, each of its stages limited to `minutes`."""
        limit = lambda budget: replace(budget, minutes=minutes)
        lesson = self.gan.lesson and replace(self.gan.lesson, budget=limit(self.gan.lesson.budget),
                                             polish=self.gan.lesson.polish and limit(self.gan.lesson.polish))
        return replace(self, gan=replace(self.gan, budget=limit(self.gan.budget), lesson=lesson),
                       features=replace(self.features, budget=limit(self.features.budget)),
                       encoder=replace(self.encoder, conventional=limit(self.encoder.conventional),
                                       guided=limit(self.encoder.guided)))


PRESETS = {
    # Seconds. Proves that the code runs; learns nothing.
    "cpu-tiny": Preset(
        DataConfig(resolution=16, train_images=256, test_images=64, supersample=1),
        GanConfig(Budget(512, batch=16), z_dim=32, w_dim=16, fmaps_base=128, fmaps_max=16, discriminator_base=128,
                  discriminator_max=16, stages=((8, 0.5, 0.02), (16, 0.5, 0.05)),
                  lesson=LessonConfig(Budget(128, batch=16), Budget(128, batch=16))),
        FeatureConfig(Budget(512, batch=16), plan=(8, POOL, 16)),
        EncoderConfig(Budget(256, batch=16), Budget(256, batch=16), base=8, widest=16),
    ),
    # About an hour on two busy CPU cores.
    "cpu-small": Preset(
        DataConfig(resolution=32, train_images=60_000, test_images=2_000),
        GanConfig(Budget(600_000, minutes=21), bfloat16=True,
                  # No polish: 14,000 images of it, all that five minutes allowed, made the samples worse (Frechet
                  # distance 0.09 to 0.23). It needs far more.
                  lesson=LessonConfig(Budget(400_000, minutes=12))),
        FeatureConfig(Budget(250_000, minutes=4.5, batch=64)),
        EncoderConfig(Budget(150_000, minutes=4), Budget(400_000, minutes=13), bfloat16=True),
    ),
    # Untested at the time of writing: the same recipe where compute is plentiful.
    "gpu": Preset(
        DataConfig(resolution=128, train_images=100_000, test_images=5_000, supersample=3),
        GanConfig(Budget(3_000_000, batch=64), z_dim=256, w_dim=256, fmaps_base=8192, fmaps_max=256,
                  discriminator_base=8192, discriminator_max=256,
                  stages=((8, 0.03, 0.05), (16, 0.07, 0.1), (32, 0.15, 0.3), (64, 0.25, 1.0), (128, 0.5, 2.0)),
                  learning_rate=0.002, r1_interval=16, ema_half_life=20_000, bfloat16=True),
        FeatureConfig(Budget(1_500_000, batch=128), plan=(32, 32, POOL, 64, 64, POOL, 128, 128, 128, POOL, 256, 256)),
        EncoderConfig(Budget(600_000, batch=32), Budget(1_500_000, batch=32), base=32, widest=512,
                      bfloat16=True),
    ),
}
