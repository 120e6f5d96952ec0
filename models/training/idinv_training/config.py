"""Presets: everything that differs between a test of seconds, an hour on a laptop and a night on a GPU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from .networks import POOL


@dataclass(frozen=True)
class DataConfig:
    resolution: int
    train_images: int
    test_images: int
    supersample: int = 2
    train_seed: int = 1
    judge_seed: int = 2
    test_seed: int = 1_000_003


@dataclass(frozen=True)
class Budget:
    """A stage ends after `images` images or, if set, after `minutes` of its own wall-clock time."""

    images: int
    minutes: float | None = None
    batch: int = 32


@dataclass(frozen=True)
class LessonConfig:
    """Supervision of the generator by the renderer, before adversarial training."""

    budget: Budget
    # Progressive: (resolution, share of the budget). Each stage but the first fades in over `fade` of its length.
    stages: tuple[tuple[int, float], ...]
    fade: float = 0.15
    learning_rate: float = 0.003
    convolution_rate: float | None = 0.005  # of Muon
    mapping_speed: float = 20.0  # undoes most of the mapping network's slowness, which supervision does not need
    perceptual_weight: float = 1e-4  # at full resolution; F knows no other
    attribute_weight: float = 0.2  # of the squared error of what F's head reads, in standard deviations
    edge_weight: float = 0.5  # of the mean error of differences between neighboring pixels
    focus: float = 4.0  # how much more eyes, mouth and jaw weigh: few pixels, which say much


@dataclass(frozen=True)
class GanConfig:
    budget: Budget
    z_dim: int = 64
    w_dim: int = 64
    fmaps_base: int = 2048
    fmaps_max: int = 96
    discriminator_base: int = 1024
    discriminator_max: int = 96
    # Progressive growing: (resolution, share of the budget, gamma of R1). Each stage but the first fades in over `fade`
    # of its length.
    stages: tuple[tuple[int, float, float], ...] = ((16, 0.2, 0.1), (32, 0.3, 0.1), (64, 0.5, 0.2))
    fade: float = 0.25
    learning_rate: float = 0.0025
    convolution_rate: float | None = None  # of Muon, for the generator's convolutions
    discriminator_rate: float = 0.0025
    momentum: float = 0.0  # Adam's first beta, of the generator
    mapping_speed: float = 1.0
    warm_up: int = 0  # images over which the discriminator's say grows
    mixing: float = 0.0  # share of the samples whose layers come from two codes
    augment_target: float | None = None  # of the adaptive augmentation; 0.6 for small sets
    report_images: int = 20_000
    adversarial_weight: float = 0.1  # beside the lesson, which goes on; without a lesson it is the only term
    adversarial_share: float = 0.75  # of the weights that come back, after a lesson; the rest are the taught ones
    r1_interval: int = 8
    ema_half_life: int = 8_000  # images
    bfloat16: bool = False
    lesson: LessonConfig | None = None
    # Standard deviation of the codes that are exported. What a step of 0.01 and the weight of the domain term mean
    # depends on it; this one was chosen by 100-step inversions of training images (model card).
    code_deviation: float = 0.2


@dataclass(frozen=True)
class FeatureConfig:
    budget: Budget
    plan: tuple = (32, 32, POOL, 64, 64, POOL, 96, 96, POOL, 128)
    hidden: int = 64  # channels of the attribute head
    learning_rate: float = 1e-3
    convolution_rate: float | None = 1e-3  # of Muon
    bfloat16: bool = False
    feature_mse: float = 4000.0  # of unrelated images, after rescaling: the order of VGG16's conv4_3


@dataclass(frozen=True)
class JudgeConfig:
    """Of renders that nothing else has seen: `DataConfig.judge_seed`."""

    budget: Budget
    channels: tuple[int, ...] = (32, 64, 128, 192, 256)  # at full resolution, and after each halving down to 4 px
    learning_rate: float = 2e-3
    convolution_rate: float | None = 2e-3  # of Muon
    ema_half_life: int = 8_000
    bfloat16: bool = False


@dataclass(frozen=True)
class EncoderConfig:
    conventional: Budget
    guided: Budget
    base: int = 32
    widest: int = 128
    learning_rate: float = 1e-3
    convolution_rate: float | None = 1e-3  # of Muon
    ema_half_life: int = 8_000
    perceptual_weight: float = 5e-5
    attribute_weight: float = 0.0  # of the squared error of what F's head reads; not in the paper
    adversarial_weight: float = 0.1
    gamma: float = 10.0
    r1_interval: int = 8
    bfloat16: bool = False
    pyramid_weight: float = 0.2  # where there is no feature network
    settled: float = 0.4  # share of the conventional encoder's budget after which the statistics of its batch norm stay
    mirror: bool = True
    report_images: int = 20_000
    statistics_batch: int = 64


@dataclass(frozen=True)
class Preset:
    data: DataConfig
    gan: GanConfig
    features: FeatureConfig
    encoder: EncoderConfig
    judge: JudgeConfig
    checkpoint_minutes: float = 3.0
    compile: bool = False  # torch.compile, which needs a C++ compiler

    # Of a run with a time limit for all its stages; what is left is for rendering before and the export after them.
    shares: tuple[tuple[str, float], ...] = (("judge", 0.1), ("features", 0.1), ("lesson", 0.3), ("gan", 0.15),
                                             ("encoder", 0.25))

    def minutes_of(self, stage: str, left: float) -> float | None:
        """Of `left` minutes the part of a stage, after which the ones behind it have theirs; None of a stage without one."""
        names = [name for name, _ in self.shares]
        if stage not in names:
            return None
        after = [share for _, share in self.shares[names.index(stage):]]
        return left * after[0] / (sum(after) + 0.1)

    def within(self, minutes: float) -> Preset:
        """The same preset, each of its stages limited to `minutes`, of which the encoders have a third and the rest."""
        return self._limited(lambda budget, share: replace(budget, minutes=minutes * share))

    def up_to(self, images: int) -> Preset:
        """The same preset, each of its stages limited to `images` and to no time, and so the same on every machine."""
        return self._limited(lambda budget, _: replace(budget, images=images, minutes=None))

    def _limited(self, limit: Callable[[Budget, float], Budget]) -> Preset:
        lesson = self.gan.lesson and replace(self.gan.lesson, budget=limit(self.gan.lesson.budget, 1))
        return replace(self, gan=replace(self.gan, budget=limit(self.gan.budget, 1), lesson=lesson),
                       features=replace(self.features, budget=limit(self.features.budget, 1)),
                       judge=replace(self.judge, budget=limit(self.judge.budget, 1)),
                       encoder=replace(self.encoder, conventional=limit(self.encoder.conventional, 1 / 3),
                                       guided=limit(self.encoder.guided, 2 / 3)))


_SMALL = Preset(
    DataConfig(resolution=64, train_images=49_152, test_images=4_096),
    GanConfig(Budget(2_000_000, minutes=60, batch=16), bfloat16=True, stages=((64, 1.0, 0.2),), learning_rate=0.001,
              convolution_rate=0.0025, discriminator_rate=0.002, momentum=0.5, mapping_speed=10.0, warm_up=6_000, mixing=0.2,
              ema_half_life=4_000, report_images=10_000,
              lesson=LessonConfig(Budget(1_000_000, minutes=76, batch=16), stages=((16, 0.065), (32, 0.125), (64, 0.81)))),
    FeatureConfig(Budget(400_000, minutes=9, batch=64), bfloat16=True),
    EncoderConfig(Budget(150_000, minutes=11), Budget(400_000, minutes=40), attribute_weight=0.1, bfloat16=True),
    JudgeConfig(Budget(1_200_000, minutes=50, batch=64), bfloat16=True),
    compile=True,
)

PRESETS = {
    # Seconds. Proves that the code runs; learns nothing.
    "cpu-tiny": Preset(
        DataConfig(resolution=16, train_images=256, test_images=64, supersample=1),
        GanConfig(Budget(256, batch=16), z_dim=32, w_dim=16, fmaps_base=128, fmaps_max=16, discriminator_base=128,
                  discriminator_max=16, stages=((8, 0.5, 0.02), (16, 0.5, 0.05)), warm_up=64,
                  lesson=LessonConfig(Budget(256, batch=16), stages=((8, 0.5), (16, 0.5)))),
        FeatureConfig(Budget(512, batch=16), plan=(8, POOL, 16), hidden=8),
        EncoderConfig(Budget(256, batch=16), Budget(256, batch=16), base=8, widest=16, attribute_weight=0.1),
        JudgeConfig(Budget(512, batch=16), channels=(8, 12, 16)),
    ),
    # The shipped model: some four hours on one core.
    "cpu-small": _SMALL,
    # The paper's way alone, without the renderer's lesson: for comparison, and the settings for photographs.
    "cpu-adversarial": replace(_SMALL, gan=GanConfig(Budget(600_000, minutes=40), bfloat16=True)),
    # The same recipe where compute is plentiful: `all --time-limit 9.5 --deliver OUT` fills ten minutes of a large GPU. Never
    # run. Widths are such that each network is below 16 MB in half precision.
    "gpu": Preset(
        DataConfig(resolution=128, train_images=98_304, test_images=4_096),
        GanConfig(Budget(3_000_000, batch=64), z_dim=128, w_dim=128, fmaps_base=6144, fmaps_max=192,
                  discriminator_base=4096, discriminator_max=192, stages=((128, 1.0, 1.0),), learning_rate=0.001,
                  convolution_rate=0.0025, discriminator_rate=0.002, momentum=0.5, mapping_speed=10.0, mixing=0.2,
                  warm_up=20_000, r1_interval=16, ema_half_life=20_000, bfloat16=True,
                  lesson=LessonConfig(Budget(1_500_000, batch=64),
                                      stages=((16, 0.1), (32, 0.2), (64, 0.3), (128, 0.4)))),
        FeatureConfig(Budget(1_500_000, batch=128), plan=(32, 32, POOL, 64, 64, POOL, 96, 96, POOL, 128, 128), bfloat16=True),
        EncoderConfig(Budget(600_000, batch=64), Budget(1_500_000, batch=64), base=32, widest=192, attribute_weight=0.1, bfloat16=True),
        JudgeConfig(Budget(1_500_000, batch=128), channels=(40, 64, 96, 128, 192, 256), bfloat16=True),
        compile=True,
    ),
}
