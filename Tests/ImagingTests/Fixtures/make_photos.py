"""Writes photos/: small JPEG, PNG and WebP files as cameras, telephones and messengers write them, with what they decode to.

    python make_photos.py          (Pillow, whose libjpeg-turbo, Little CMS and libwebp are the references)
"""

import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

out = Path(__file__).parent / "photos"
out.mkdir(exist_ok=True)
y, x = np.mgrid[:40, :56]
rgb = np.stack([40 + 3 * x, 30 + 5 * y, 128 + 100 * np.sin((x + 2 * y) / 9)], -1)
# Marks that tell every corner, so that a wrong turn shows.
rgb[:10, :14] = [230, 40, 30]
rgb[:6, 44:] = [40, 200, 60]
rgb[30:, :8] = [30, 50, 220]
picture = Image.fromarray(rgb.clip(0, 255).astype("uint8"))
expected: dict[str, dict] = {}


def keep(name: str, image: Image.Image, tolerance: int) -> None:
    image = image.convert("RGB")
    expected[name] = {
        "width": image.width, "height": image.height, "tolerance": tolerance, "rgb": image.tobytes().hex(),
    }  # fmt: skip


def jpeg(name: str, image: Image.Image = picture, tolerance: int = 1, **options) -> None:
    image.save(out / name, format="JPEG", **options)
    keep(name, Image.open(out / name), tolerance)


jpeg("444.jpg", quality=92, subsampling=0)
jpeg("422.jpg", quality=90, subsampling=1)
jpeg("420.jpg", quality=85, subsampling=2)
jpeg("progressive.jpg", quality=85, progressive=True)
jpeg("gray.jpg", picture.convert("L"), quality=90)
jpeg("jpeg-called.png", quality=90)
jpeg("rgb.jpg", quality=95, keep_rgb=True)
jpeg("density.jpg", quality=90, dpi=(300, 300))

# Inks: Pillow writes Adobe's marker and inverts, as Photoshop does.
inks = picture.convert("CMYK")
inks.save(out / "cmyk.jpg", quality=95)
stored = np.asarray(Image.open(out / "cmyk.jpg")).astype(int)
light = 255 - stored
keep("cmyk.jpg", Image.fromarray(((light[..., :3] * light[..., 3:] + 127) // 255).astype("uint8")), 1)

# Orientation: what is stored so that the tag shows `picture`.
methods = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}  # fmt: skip


def exif(value: int, order: str = ">") -> bytes:
    start = b"MM\0*" if order == ">" else b"II*\0"
    return start + struct.pack(order + "IHHHIHHI", 8, 1, 0x0112, 3, 1, value, 0, 0)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_with(image: Image.Image, *chunks: bytes) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    data = buffer.getvalue()
    return data[:33] + b"".join(chunks) + data[33:]


for value in range(1, 9):
    turned = picture.transpose(methods[value]) if value in methods else picture
    (out / f"orientation-{value}.png").write_bytes(png_with(turned, chunk(b"eXIf", exif(value, "><"[value % 2]))))
    keep(f"orientation-{value}.png", picture, 0)
    block = b"Exif\0\0" + exif(value, "<>"[value % 2])
    turned.save(out / f"orientation-{value}.jpg", quality=95, subsampling=0, exif=block)
    decoded = Image.open(out / f"orientation-{value}.jpg").convert("RGB")
    back = {6: Image.Transpose.ROTATE_270, 8: Image.Transpose.ROTATE_90}.get(value, methods.get(value))
    keep(f"orientation-{value}.jpg", decoded.transpose(back) if back is not None else decoded, 1)

# Color profiles: two of a matrix and curves, made here, and their values in sRGB by Little CMS.
srgb = ImageCms.createProfile("sRGB")


def s15(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def profile(name: str, columns: list[tuple[float, float, float]], curve: bytes) -> bytes:
    def xyz(values: tuple[float, float, float]) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(map(s15, values))

    text = name.encode() + b"\0"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + b"\0" * 78
    tags = [(b"desc", description), (b"cprt", b"text\0\0\0\0none\0"), (b"wtpt", xyz((0.9642, 1, 0.8249)))]
    tags += [(k, xyz(c)) for k, c in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)]
    tags += [(k, curve) for k in (b"rTRC", b"gTRC", b"bTRC")]
    table, data = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for key, value in tags:
        value += b"\0" * (-len(value) % 4)
        table += key + struct.pack(">II", start + len(data), len(value))
        data += value
    head = struct.pack(">I4sI4s4s4s6H", 0, b"none", 0x02100000, b"mntr", b"RGB ", b"XYZ ", 2020, 1, 1, 0, 0, 0)
    head = (head + b"acsp" + b"\0" * 28 + s15(0.9642) + s15(1) + s15(0.8249)).ljust(128, b"\0")
    whole = head + table + data
    return struct.pack(">I", len(whole)) + whole[4:]


t = np.linspace(0, 1, 256)
linear = np.where(t <= 0.04045, t / 12.92, ((t + 0.055) / 1.055) ** 2.4)
srgb_curve = b"curv\0\0\0\0" + struct.pack(">I", 256) + (linear * 65535 + 0.5).astype(">u2").tobytes()
p3 = profile(
    "P3", [(0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)], srgb_curve
)
adobe = profile(
    "Adobe", [(0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)],
    b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.19921875 * 256)) + b"\0\0",
)  # fmt: skip


def converted(image: Image.Image, data: bytes) -> Image.Image:
    source = ImageCms.ImageCmsProfile(io.BytesIO(data))
    return ImageCms.profileToProfile(image, source, srgb, renderingIntent=1, outputMode="RGB")


for name, data in (("p3", p3), ("adobe", adobe)):
    picture.save(out / f"{name}.png", icc_profile=data)
    keep(f"{name}.png", converted(picture, data), 1)
    picture.save(out / f"{name}.jpg", quality=95, subsampling=0, icc_profile=data)
    keep(f"{name}.jpg", converted(Image.open(out / f"{name}.jpg"), data), 1)
own = ImageCms.ImageCmsProfile(srgb).tobytes()
picture.save(out / "srgb-profile.png", icc_profile=own)
keep("srgb-profile.png", picture, 0)
# A profile of another color model, and one that is broken: both are ignored.
(out / "broken-profile.png").write_bytes(
    png_with(picture, chunk(b"iCCP", b"broken\0\0" + zlib.compress(p3[:36] + b"xxxx" + p3[40:])))
)
keep("broken-profile.png", picture, 0)
picture.save(out / "broken-profile.jpg", quality=95, subsampling=0, icc_profile=b"x" * 300)
keep("broken-profile.jpg", Image.open(out / "broken-profile.jpg"), 1)

# PNG's own words for colors. P3 by cHRM, and by cICP, which overrules the profile of sRGB beside it.
primaries = [31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000]
(out / "p3-chrm.png").write_bytes(
    png_with(picture, chunk(b"gAMA", struct.pack(">I", 45455)), chunk(b"cHRM", struct.pack(">8I", *primaries)))
)
keep("p3-chrm.png", converted(picture, p3), 2)
(out / "p3-cicp.png").write_bytes(
    png_with(picture, chunk(b"cICP", bytes([12, 13, 0, 1])), chunk(b"iCCP", b"s\0\0" + zlib.compress(own)))
)
keep("p3-cicp.png", converted(picture, p3), 2)
(out / "orientation-damaged.png").write_bytes(png_with(picture, chunk(b"eXIf", exif(6)[:14])))
keep("orientation-damaged.png", picture, 0)
(out / "bomb-text.png").write_bytes(
    png_with(picture, chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 4_000_000, 9)))
)
keep("bomb-text.png", picture, 0)
(out / "trailing.jpg").write_bytes((out / "444.jpg").read_bytes() + b"a second picture, as of a moving photo" * 9)
keep("trailing.jpg", Image.open(out / "444.jpg"), 1)

picture.save(out / "lossy.webp", quality=90)
keep("lossy.webp", Image.open(out / "lossy.webp"), 2)
picture.save(out / "lossless.webp", lossless=True, exif=exif(6), icc_profile=p3)
keep("lossless.webp", converted(picture, p3).transpose(Image.Transpose.ROTATE_270), 1)
clear = picture.convert("RGBA")
clear.putalpha(Image.fromarray((x * 4).astype("uint8")))
clear.save(out / "alpha.webp", lossless=True, exact=True)
a = np.asarray(clear).astype(int)
flat = (a[..., :3] * a[..., 3:] + 255 * (255 - a[..., 3:]) + 127) // 255
keep("alpha.webp", Image.fromarray(flat.astype("uint8")), 0)

# Apple's variant.
bgra = np.concatenate([np.asarray(picture)[..., ::-1], np.full((40, 56, 1), 255, "uint8")], -1)
packer = zlib.compressobj(9, zlib.DEFLATED, -15)
raw = packer.compress(b"".join(b"\0" + row.tobytes() for row in bgra)) + packer.flush()
(out / "cgbi.png").write_bytes(
    b"\x89PNG\r\n\x1a\n" + chunk(b"CgBI", b"\x50\x00\x20\x02")
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 56, 40, 8, 6, 0, 0, 0)) + chunk(b"IDAT", raw) + chunk(b"IEND", b"")
)  # fmt: skip
(out / "expected.json").write_text(json.dumps(expected, sort_keys=True) + "\n")
