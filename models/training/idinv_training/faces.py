"""Rendered faces: a seeded, exact and unlimited data set that needs no photographs of people.

A face is a vector of attributes. `render` turns attributes [N, A] into images [N, 3, R, R], in plain tensor arithmetic,
on any device. The picture is painted back to front: background, hair behind, body, neck, ears, head, nose, front hair,
glasses. Each solid is an ellipsoid in the frame of the head, hit by parallel rays; eyes, mouth, brows, beard and wrinkles
are smooth masks on the head's surface. All masks are a few hundredths of a unit soft, and the picture is supersampled.

The domain is narrow on purpose (small rotations, calm background, soft light) and its features are large: an attribute
that moves only a handful of pixels is learned neither by a small GAN nor by an encoder.

Coordinates: x to the right, y up, z to the viewer; the head is about 1.45 wide and 1.95 high, the view 2.4.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

Plane = Tensor  # [N, H, W], or anything that broadcasts to it
Vector = tuple[Plane, Plane, Plane]


# --------------------------------------------------------------------------------------------------------- attributes


@dataclass(frozen=True)
class Attribute:
    name: str
    meaning: str


ATTRIBUTES = (
    Attribute("yaw", "turn of the head in radians, positive to the image's right"),
    Attribute("pitch", "nod of the head in radians, positive downwards"),
    Attribute("light", "azimuth of the light in radians, positive from the image's right"),
    Attribute("skin", "tone, 0 light to 1 dark"),
    Attribute("masculinity", "0 to 1: brows, lashes, lips, neck and shoulders"),
    Attribute("age", "0 young to 1 old: grey hair, folds, thinner lips"),
    Attribute("smile", "-0.6 frown to 1 broad smile"),
    Attribute("mouth_open", "0 closed to 1 open"),
    Attribute("eye_open", "0.55 narrow to 1.1 wide"),
    Attribute("iris", "0 dark brown to 1 light blue"),
    Attribute("brow_raise", "-1 lowered to 1 raised"),
    Attribute("glasses", "0 or 1"),
    Attribute("beard", "0 none, 0.6 to 1 full"),
    Attribute("hair_length", "0 cropped, 0.4 to the jaw, 1 to the shoulders"),
    Attribute("hair_volume", "0 flat to 1 full"),
    Attribute("hair_colour", "0 black, brown, red, 1 blond, before greying"),
    Attribute("face_width", "-1 narrow to 1 wide"),
    Attribute("jaw", "-1 pointed to 1 square"),
    Attribute("background", "hue, 0 warm to 1 cool"),
    Attribute("brightness", "of the background, 0 to 1"),
    Attribute("clothes", "0 dark to 1 light"),
)
NAMES = tuple(a.name for a in ATTRIBUTES)


def sample_attributes(count: int, seed: int) -> Tensor:
    """[count, A], each attribute independent of the others, so that an edit of one has no reason to change another. The
    same seed gives the same faces on every machine; different seeds give separate splits."""
    rng = torch.Generator().manual_seed(seed)
    uniform = lambda low, high: low + (high - low) * torch.rand(count, generator=rng)
    normal = lambda std: (torch.randn(count, generator=rng) * std).clamp(-2 * std, 2 * std)
    chance = lambda p: (torch.rand(count, generator=rng) < p).float()

    a: dict[str, Tensor] = {}
    a["yaw"], a["pitch"], a["light"] = normal(0.22), normal(0.07), uniform(-0.8, 0.8)
    a["skin"], a["masculinity"], a["age"] = uniform(0, 1), uniform(0, 1), uniform(0, 1)
    a["smile"] = uniform(-0.6, 1)
    a["mouth_open"] = uniform(-0.6, 1).clamp_min(0)
    a["eye_open"], a["iris"], a["brow_raise"] = uniform(0.55, 1.1), uniform(0, 1), uniform(-1, 1)
    a["glasses"] = chance(0.35)
    a["beard"] = chance(0.35) * uniform(0.6, 1)
    a["hair_length"] = uniform(-0.15, 1.05).clamp(0, 1)
    a["hair_volume"], a["hair_colour"] = uniform(0, 1), uniform(0, 1)
    a["face_width"], a["jaw"] = normal(0.5), normal(0.5)
    a["background"], a["brightness"], a["clothes"] = uniform(0, 1), uniform(0, 1), uniform(0, 1)
    return torch.stack([a[name] for name in NAMES], 1)


# ----------------------------------------------------------------------------------------------------------- painting


def _step(x: Plane, low, high) -> Plane:
    """Smooth step from 0 at `low` to 1 at `high`."""
    t = ((x - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def _inside(x: Plane, soft: float = 0.03) -> Plane:
    """Soft indicator of x > 0."""
    return (x / soft + 0.5).clamp(0, 1)


def _bump(x: Plane, y: Plane) -> Plane:
    return torch.exp(-x * x - y * y)


def _mix(a, b, mask: Plane) -> Vector:
    return tuple(p + (q - p) * mask for p, q in zip(a, b))


def _tint(color: Vector, mask: Plane, factor: tuple[float, float, float]) -> Vector:
    return tuple(c * (1 + (f - 1) * mask) for c, f in zip(color, factor))


def _ramp(t: Plane, stops: tuple[tuple[float, float, float], ...]) -> Vector:
    """Piecewise linear color ramp over t in [0, 1]."""
    color = tuple(torch.full_like(t, c) for c in stops[0])
    for i in range(len(stops) - 1):
        part = (t * (len(stops) - 1) - i).clamp(0, 1)
        color = tuple(c + (stops[i + 1][k] - stops[i][k]) * part for k, c in enumerate(color))
    return color


def _dot(a: Vector, b: Vector) -> Plane:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@dataclass
class _Hit:
    """Where parallel rays meet a solid: surface point, unit normal, soft coverage."""

    point: Vector
    normal: Vector
    cover: Plane


def _ellipsoid(origin: Vector, direction: Vector, center, radii, soft: float = 0.05) -> _Hit:
    o = tuple((p - c) / r for p, c, r in zip(origin, center, radii))
    d = tuple(p / r for p, r in zip(direction, radii))
    a, b, c = _dot(d, d), _dot(o, d), _dot(o, o) - 1
    discriminant = b * b - a * c
    t = (-b - discriminant.clamp_min(0).sqrt()) / a
    point = tuple(p + t * q for p, q in zip(origin, direction))
    n = tuple((p - q) / (r * r) for p, q, r in zip(point, center, radii))
    length = torch.rsqrt(_dot(n, n) + 1e-9)
    # At the silhouette, discriminant / a is twice the distance from the edge in units of the radius.
    return _Hit(point, tuple(v * length for v in n), _inside(discriminant / a, soft))


class _Rotation:
    """Head to world is yaw after pitch; `to_head` is its inverse."""

    def __init__(self, yaw: Plane, pitch: Plane):
        self.cy, self.sy, self.cp, self.sp = yaw.cos(), yaw.sin(), pitch.cos(), pitch.sin()

    def to_head(self, v: Vector) -> Vector:
        x, y, z = v
        x, z = self.cy * x - self.sy * z, self.sy * x + self.cy * z
        return x, self.cp * y + self.sp * z, self.cp * z - self.sp * y


# ------------------------------------------------------------------------------------------------------------ renderer

SKIN = ((0.97, 0.80, 0.69), (0.90, 0.68, 0.54), (0.78, 0.54, 0.39), (0.60, 0.39, 0.27), (0.43, 0.27, 0.19))
HAIR = ((0.07, 0.06, 0.06), (0.24, 0.15, 0.09), (0.42, 0.24, 0.11), (0.62, 0.30, 0.12), (0.88, 0.68, 0.34))
GREY = (0.74, 0.74, 0.76)
IRIS = ((0.16, 0.08, 0.04), (0.30, 0.17, 0.07), (0.25, 0.38, 0.18), (0.25, 0.50, 0.72))
VIEW = 1.2
HEAD = (0.70, 0.96, 0.84)  # radii of the average head
TAPER = 0.28  # how much it narrows below the eyes


def _paint(attributes: Tensor, size: int) -> Tensor:
    """One sample for each pixel: [N, A] -> [N, 3, size, size] in [0, 1]."""
    a = {name: attributes[:, i].view(-1, 1, 1) for i, name in enumerate(NAMES)}
    line = ((torch.arange(size, device=attributes.device, dtype=torch.float32) + 0.5) / size * 2 - 1) * VIEW
    u, v = line.view(1, 1, size), -line.view(1, size, 1)
    zero = torch.zeros_like(a["yaw"])

    turn = _Rotation(a["yaw"], a["pitch"])
    age, masc, smile, mouth_open = a["age"], a["masculinity"], a["smile"], a["mouth_open"]

    # Rays start at z = 3 and run towards -z. The neck is the pivot.
    pivot = -0.6
    origin_world = (u, v, zero + 3.0)
    towards_world = (zero, zero, zero - 1.0)
    x, y, z = turn.to_head((u, v - pivot, zero + 3.0))
    origin = (x, y + pivot, z)
    towards = turn.to_head(towards_world)

    elevation = 0.5
    light_world = (a["light"].sin() * math.cos(elevation), zero + math.sin(elevation),
                   a["light"].cos() * math.cos(elevation))
    light = turn.to_head(light_world)

    def shade(color: Vector, normal: Vector, light: Vector, occlusion=1.0) -> Vector:
        diffuse = ((_dot(normal, light) + 0.25) / 1.25).clamp_min(0)
        amount = (0.46 + 0.62 * diffuse) * occlusion
        return tuple(c * amount for c in color)

    # Background: two muted hues, brighter in the middle.
    level = 0.40 + 0.50 * a["brightness"]
    glow = 1.06 - 0.13 * (u * u + v * v)
    picture: Vector = tuple(level * glow * (1 + k * (a["background"] - 0.5)) for k in (-0.45, 0.05, 0.45))

    def over(color: Vector, mask: Plane) -> None:
        nonlocal picture
        picture = _mix(picture, color, mask)

    skin = _ramp(a["skin"], SKIN)
    grey = _step(age, 0.55, 0.95)
    hair = _mix(_ramp(a["hair_colour"], HAIR), GREY, grey * 0.95)
    length, volume = a["hair_length"], a["hair_volume"]
    rx, ry, rz = HEAD[0] * (1 + 0.07 * a["face_width"]), HEAD[1], HEAD[2]

    def strands(p: Vector) -> Plane:
        angle = torch.atan2(p[0], p[2] + 0.6)
        return 0.93 + 0.07 * (angle * 14 + 5 * volume + 2 * p[1]).sin()

    # Long hair behind the head.
    long_hair = _step(length, 0.15, 0.30)
    behind = _ellipsoid(origin, towards, (0.0, 0.10 - 0.42 * length, -0.25),
                        (rx + 0.07 + 0.10 * volume + 0.10 * length, 0.95 + 0.36 * length, 0.62))
    depth = 0.62 + 0.30 * _step(behind.point[0].abs(), 0.55, 0.85)
    over(shade(tuple(h * strands(behind.point) for h in hair), behind.normal, light, depth), behind.cover * long_hair)

    # Body and neck do not turn.
    body = _ellipsoid(origin_world, towards_world, (0.0, -1.72, -0.3), (1.12 + 0.22 * masc, 0.72, 0.7))
    tone = 0.18 + 0.62 * a["clothes"]
    over(shade((tone * 0.92, tone * 0.96, tone * 1.06), body.normal, light_world), body.cover)
    neck = _ellipsoid(origin_world, towards_world, (0.0, -1.0, -0.1), (0.33 + 0.10 * masc, 0.56, 0.40))
    chin_shadow = 0.55 + 0.35 * _step(-v, 0.95, 1.2)
    over(shade(skin, neck.normal, light_world, chin_shadow), neck.cover)

    # Ears, hidden by long hair.
    for side in (-1.0, 1.0):
        ear = _ellipsoid(origin, towards, (side * (rx - 0.01), -0.02, -0.08), (0.10, 0.20, 0.12))
        over(shade(_tint(skin, zero + 1, (0.92, 0.82, 0.80)), ear.normal, light),
             ear.cover * (1 - _step(length, 0.25, 0.40)))

    # Head: an ellipsoid seen through a warp that narrows it towards the chin.
    front_y = turn.to_head((u, v - pivot, zero + 0.5))[1] + pivot
    below = (0.05 - front_y).clamp_min(0)
    taper = 1 + (TAPER - 0.13 * a["jaw"]) * below * below
    head = _ellipsoid((origin[0] * taper, origin[1], origin[2]), towards, (0.0, 0.0, 0.0), (rx, ry, rz))
    x, y, z = head.point
    ax, facing = x.abs(), _step(z, 0.05, 0.25)

    eye_x, eye_y, mouth_y = 0.295, 0.06, -0.53
    color = skin
    occlusion = 1 - 0.16 * _bump((ax - eye_x) / 0.24, (y - eye_y - 0.03) / 0.18) * facing
    occlusion = occlusion - 0.25 * _step(-y, 0.72, 1.0)
    blush = _bump((ax - 0.42) / 0.20, (y + 0.26 - 0.05 * smile) / 0.16) * facing
    color = _tint(color, blush * (0.45 + 0.55 * smile.clamp_min(0)) * (1 - 0.5 * a["skin"]), (1.04, 0.80, 0.80))

    # Folds beside the mouth, on the forehead and below the eyes come with age; a smile deepens the first.
    fold_x = 0.20 + 0.42 * (-0.18 - y)
    folds = _bump((ax - fold_x) / 0.045, zero) * _step(-y, 0.16, 0.26) * _step(y, mouth_y - 0.12, mouth_y + 0.05)
    folds = folds * (0.9 * _step(age, 0.3, 1.0) + 0.25 * smile.clamp_min(0))
    lines = sum(_bump((y - level) / 0.030, ax / 0.42) for level in (0.46, 0.60)) * _step(age, 0.4, 1.0)
    bags = _bump((y - eye_y + 0.20) / 0.035, (ax - eye_x) / 0.15) * _step(age, 0.35, 1.0)
    color = _tint(color, (folds + 0.7 * lines + 0.8 * bags).clamp(0, 1) * facing, (0.70, 0.60, 0.55))

    # Beard and moustache.
    jaw_line = _step(-y - 0.36 + 0.30 * (ax - 0.25).clamp_min(0), -0.03, 0.09)
    around_mouth = _step((ax / 0.33).square() + ((y - mouth_y) / 0.13).square(), 0.6, 1.1)
    moustache = _bump((ax / 0.30).square(), (y - mouth_y - 0.17) / 0.075)
    beard = torch.maximum(jaw_line * around_mouth, moustache.clamp(0, 1)) * _step(z, -0.1, 0.15)
    beard_color = tuple(0.85 * h for h in hair)
    color = _mix(color, beard_color, beard * _step(a["beard"], 0.3, 1.0) * 0.95)

    # Mouth: a curved band; it opens to teeth when smiling, to darkness otherwise.
    half_width = 0.25 + 0.07 * smile - 0.03 * mouth_open
    across = ax / half_width
    profile = (1 - across * across).clamp_min(0)
    curve = y - mouth_y - 0.17 * smile * (across.clamp(max=1.2).square() - 0.35)
    lips = (0.062 - 0.018 * age) * (1.15 - 0.3 * masc)
    gap = 0.15 * mouth_open
    upper, lower = 0.35 * gap + lips, -(0.75 * gap + 1.2 * lips)
    lip_mask = _inside(upper * profile.sqrt() - curve) * _inside(curve - lower * profile.sqrt()) * (across < 1) * facing
    lip_color = tuple(s * f for s, f in zip(skin, (0.84, 0.48, 0.48)))
    color = _mix(color, lip_color, lip_mask)
    seam = _bump((curve + 0.2 * gap) / 0.030, zero) * _step(1.08 - across, 0, 0.12) * facing
    color = _tint(color, seam * (1 - _step(gap, 0.02, 0.06)), (0.35, 0.25, 0.25))
    inner = _inside(0.35 * gap * profile - curve) * _inside(curve + 0.75 * gap * profile) * _step(gap, 0.01, 0.04)
    teeth = _inside(curve + 0.75 * gap * profile - 0.07 * (1.2 - smile)) * _step(smile, -0.2, 0.3)
    color = _mix(color, _mix((0.22, 0.05, 0.06), (0.97, 0.96, 0.92), teeth), inner * (across < 1) * facing)

    # Eyes.
    dx, dy = ax - eye_x, y - eye_y
    opening = a["eye_open"] * (1 - 0.25 * smile.clamp_min(0))
    lid = (1 - (dx / 0.195).square()).clamp_min(0)
    top, bottom = 0.125 * opening * lid.sqrt(), -0.095 * opening * lid
    eye = _inside(top - dy) * _inside(dy - bottom) * _step(lid, 0, 0.05) * facing
    radius = ((dx + 0.01).square() + (dy - 0.008).square() + 1e-9).sqrt()
    white = _mix((0.97, 0.96, 0.95), (0.75, 0.73, 0.73), _step(dy - top, -0.07, 0.0))
    iris = _mix(_ramp(a["iris"], IRIS), (0.02, 0.02, 0.02), _inside(0.048 - radius))
    glint = _bump((dx + 0.01 - 0.04 * x.sign()) / 0.028, (dy - 0.04) / 0.028)
    iris = _mix(iris, (1.0, 1.0, 1.0), 0.8 * glint)
    color = _mix(color, _mix(white, iris, _inside(0.102 - radius)), eye)
    lash = _bump((dy - top) / 0.030, zero) * _step(0.215 - dx.abs(), 0, 0.04) * facing
    color = _tint(color, lash * (0.95 - 0.35 * masc), (0.15, 0.12, 0.11))

    # Brows.
    bx = (ax - eye_x - 0.01) / 0.23
    brow_y = eye_y + 0.25 + 0.05 * a["brow_raise"] - 0.02 * masc - 0.045 * bx.square() - 0.02 * a["brow_raise"] * bx
    thickness = 0.032 + 0.022 * masc
    brow = torch.exp(-((y - brow_y) / thickness) ** 4) * _step(1 - bx.abs(), 0, 0.2) * facing
    color = _mix(color, tuple(0.72 * h for h in _mix(_ramp(a["hair_colour"], HAIR), GREY, grey * 0.7)), brow * 0.9)

    # The shadow of the hair on the forehead.
    hairline = 0.60 - 0.16 * (x / 0.5).square() * (1 - 0.5 * masc)
    occlusion = occlusion - 0.22 * _step(y - hairline, -0.16, 0.02) * facing
    over(shade(color, head.normal, light, occlusion.clamp(0.3, 1)), head.cover)

    # Nose: stands out, so that it moves against the face when the head turns.
    nose = _ellipsoid(origin, towards, (0.0, -0.19, 0.80), (0.105 + 0.02 * masc, 0.19, 0.20), soft=0.35)
    nose_color = _tint(skin, _step(-nose.point[1], 0.26, 0.36), (0.62, 0.52, 0.50))
    over(shade(nose_color, nose.normal, light), nose.cover * 0.85)

    # Front hair: a shell over the head, cut at the hairline and beside the face.
    shell = _ellipsoid(origin, towards, (0.0, 0.07, -0.05),
                       (rx + 0.05 + 0.09 * volume, ry + 0.03 + 0.10 * volume, rz + 0.04))
    p = shell.point
    fringe = p[1] - (0.62 - 0.16 * (p[0] / 0.5).square() * (1 - 0.5 * masc)) - 0.02 * (p[0] * 17).sin()
    sides_end = 0.10 - 0.95 * _step(length, 0.10, 0.75)
    sides = torch.minimum(0.22 + 0.12 * length - p[2], p[1] - sides_end)
    mask = _inside(torch.maximum(fringe, sides), 0.05)
    shine = 1 + 0.22 * torch.exp(-((shell.normal[1] - 0.62) / 0.16) ** 2)
    over(shade(tuple(h * strands(p) * shine for h in hair), shell.normal, light), shell.cover * mask)

    # Glasses: two rings and a bridge in a plane before the eyes, arms along the temples.
    t = (origin[2] - 0.86) / -towards[2]
    gx, gy = origin[0] + t * towards[0], origin[1] + t * towards[1]
    gax = gx.abs()
    ring = (((gax - eye_x).abs() / 0.255) ** 3 + ((gy - eye_y).abs() / 0.215) ** 3 + 1e-6) ** (1 / 3)
    frame = _inside(0.13 - (ring - 1).abs(), 0.10)
    frame = torch.maximum(frame, _inside(0.05 - gax) * _inside(0.035 - (gy - 0.06).abs()))
    arm = _inside(0.035 - (y - 0.12).abs()) * _step(ax, 0.52, 0.58) * head.cover
    over((0.07, 0.07, 0.09), torch.maximum(frame, arm) * a["glasses"])

    return torch.stack([c.expand(len(attributes), size, size) for c in picture], 1).clamp(0, 1)


def _jaw_line() -> list[tuple[float, float, float, float, float]]:
    """Points of the outline of the average head, from below the ears to beside the chin."""
    points = []
    for y in (-0.42, -0.60, -0.76, -0.88):
        x = HEAD[0] * math.sqrt(1 - (y / HEAD[1]) ** 2) / (1 + TAPER * (0.05 - y) ** 2)
        points += [(-x, y, 0.0, 0.12, 0.12), (x, y, 0.0, 0.12, 0.12)]
    return points


# (x, y, z, width, height) in the frame of the head
FOCUS = [(-0.295, 0.08, 0.75, 0.22, 0.16), (0.295, 0.08, 0.75, 0.22, 0.16), (0.0, -0.53, 0.72, 0.32, 0.17), *_jaw_line()]


@torch.no_grad()
def focus(attributes: Tensor, size: int) -> Tensor:
    """Where eyes, mouth and the line of the jaw are, attributes [N, A] to [N, 1, size, size], 0 to 1: few pixels, which say much."""
    a = {name: attributes[:, i].view(-1, 1, 1) for i, name in enumerate(NAMES)}
    turn = _Rotation(a["yaw"], a["pitch"])
    line = ((torch.arange(size, device=attributes.device, dtype=torch.float32) + 0.5) / size * 2 - 1) * VIEW
    u, v = line.view(1, 1, size), -line.view(1, size, 1)
    mask = torch.zeros(1, size, size, device=attributes.device)
    for x, y, z, wide, high in FOCUS:
        y, z = turn.cp * (y + 0.6) - turn.sp * z, turn.sp * (y + 0.6) + turn.cp * z
        mask = torch.maximum(mask, _bump((u - turn.cy * x - turn.sy * z) / wide, (v - y + 0.6) / high))
    return mask[:, None]


@torch.no_grad()
def render(attributes: Tensor, resolution: int, supersample: int = 3, chunk: int = 64,
           paint: Callable[[Tensor, int], Tensor] = _paint) -> Tensor:
    """Attributes [N, A] to images [N, 3, R, R], uint8. `paint` may be a compiled `_paint`."""
    images = []
    for part in attributes.split(chunk):
        x = F.avg_pool2d(paint(part, resolution * supersample), supersample)
        images.append((x * 255).round().to(torch.uint8))
    return torch.cat(images)
