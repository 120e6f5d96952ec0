"""Writes one small PNG per color type, bit depth and interlacing, and what each must decode to (expected.json).

The files are written by hand (zlib only), so that neither libpng nor Pillow is its own judge; Pillow then
confirms the 8-bit ones. Deterministic: `python make_png.py` rewrites the same pixels.
Needs: numpy, Pillow.
"""
import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).parent
WIDTH, HEIGHT = 13, 9  # odd on purpose: partial bytes at 1, 2 and 4 bits, unequal Adam7 passes
ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def chunk(kind, data=b""):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def packed(rows, bits):
    """Rows of samples [h, w * channels] → filter byte 0 and packed samples."""
    out = bytearray()
    for row in rows:
        out.append(0)
        if bits == 16:
            out += row.astype(">u2").tobytes()
        elif bits == 8:
            out += row.astype(np.uint8).tobytes()
        else:
            text = "".join(format(int(v), f"0{bits}b") for v in row)
            text += "0" * (-len(text) % 8)
            out += bytes(int(text[i : i + 8], 2) for i in range(0, len(text), 8))
    return bytes(out)


def png(samples, color, bits, interlaced=False, before=b"", parts=1):
    """samples: [h, w, channels] integers."""
    height, width, channels = samples.shape
    assert channels == CHANNELS[color]
    if interlaced:
        raw = b""
        for row, column, row_step, column_step in ADAM7:
            part = samples[row::row_step, column::column_step]
            if part.size:
                raw += packed(part.reshape(part.shape[0], -1), bits)
    else:
        raw = packed(samples.reshape(height, -1), bits)
    data = zlib.compress(raw, 9)
    cut = (len(data) + parts - 1) // parts
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, int(interlaced)))
        + before
        + b"".join(chunk(b"IDAT", data[i : i + cut]) for i in range(0, len(data), cut))
        + chunk(b"IEND")
    )


def over_white(rgb, alpha):
    """Alpha over white in encoded values, rounded to nearest."""
    c, a = rgb.astype(np.int64), alpha.astype(np.int64)[..., None]
    return ((2 * c * a + 2 * 255 * (255 - a) + 255) // 510).astype(np.uint8)


def to_srgb(linear):
    low = linear * 12.92
    high = 1.055 * np.power(np.maximum(linear, 1e-12), 1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, low, high) * 255


def main():
    random = np.random.default_rng(1)
    expected = {}

    def put(name, data, rgb, pillow=False):
        (HERE / name).write_bytes(data)
        rgb = np.asarray(rgb)
        expected[name] = {
            "width": rgb.shape[1], "height": rgb.shape[0],
            "rgb": rgb.astype(np.uint8).tobytes().hex(),
        }
        if pillow:
            seen = Image.open(io.BytesIO(data))
            assert (np.asarray(seen.convert("RGB")) == rgb).all(), name

    def samples(channels, bits):
        values = random.integers(0, 1 << bits, (HEIGHT, WIDTH, channels))
        values[0, 0], values[0, 1] = 0, (1 << bits) - 1
        return values

    for interlaced in (False, True):
        tail = "-adam7" if interlaced else ""
        for bits in (1, 2, 4, 8, 16):
            v = samples(1, bits)
            rgb = np.repeat(np.floor(v * 255 / ((1 << bits) - 1) + 0.5), 3, 2)
            put(f"gray{bits}{tail}.png", png(v, 0, bits, interlaced), rgb, pillow=bits == 8)
        for bits in (1, 2, 4, 8):
            v = samples(1, bits)
            palette = random.integers(0, 256, (1 << bits, 3))
            plte = chunk(b"PLTE", palette.astype(np.uint8).tobytes())
            rgb = palette[v[..., 0]]
            put(f"palette{bits}{tail}.png", png(v, 3, bits, interlaced, plte), rgb, pillow=True)
            alpha = random.integers(0, 256, 1 << bits)
            trns = chunk(b"tRNS", alpha.astype(np.uint8).tobytes())
            put(f"palette{bits}-trns{tail}.png", png(v, 3, bits, interlaced, plte + trns),
                over_white(rgb, alpha[v[..., 0]]))
        for bits in (8, 16):
            scale = 1 if bits == 8 else 257
            half = (scale - 1) // 2

            def down(values, half=half, scale=scale):
                return (values + half) // scale

            v = samples(3, bits)
            put(f"rgb{bits}{tail}.png", png(v, 2, bits, interlaced), down(v), pillow=bits == 8)
            v = samples(4, bits)
            put(f"rgba{bits}{tail}.png", png(v, 6, bits, interlaced),
                over_white(down(v[..., :3]), down(v[..., 3])))
            v = samples(2, bits)
            put(f"grayalpha{bits}{tail}.png", png(v, 4, bits, interlaced),
                over_white(np.repeat(down(v[..., :1]), 3, 2), down(v[..., 1])))

    # Transparent color of a file without alpha; several IDAT chunks, one of them tiny.
    v = samples(3, 8)
    v[2, 3] = v[5, 1] = (10, 20, 30)
    rgb = v.copy()
    rgb[2, 3] = rgb[5, 1] = 255
    put("rgb8-trns.png", png(v, 2, 8, before=chunk(b"tRNS", struct.pack(">HHH", 10, 20, 30))), rgb)
    put("rgb8-split.png", png(v, 2, 8, parts=40), v, pillow=True)

    # Color spaces: sRGB stated in two ways changes nothing; linear samples are brought to sRGB.
    srgb_gamma = chunk(b"gAMA", struct.pack(">I", 45455))
    put("rgb8-gamma-srgb.png", png(v, 2, 8, before=srgb_gamma), v, pillow=True)
    put("rgb8-srgb.png", png(v, 2, 8, before=chunk(b"sRGB", b"\0")), v, pillow=True)
    linear = chunk(b"gAMA", struct.pack(">I", 100000))
    v = samples(3, 16)
    put("rgb16-gamma-linear.png", png(v, 2, 16, before=linear), np.floor(to_srgb(v / 65535) + 0.5))
    v = samples(3, 16)
    put("rgb16-gamma-srgb.png", png(v, 2, 16, before=srgb_gamma), np.round(v / 257))
    put("rgb16-srgb.png", png(v, 2, 16, before=chunk(b"sRGB", b"\0")), np.round(v / 257))

    (HERE / "expected.json").write_text(json.dumps(expected, indent=0, sort_keys=True) + "\n")



main()
