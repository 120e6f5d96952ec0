"""Reference pictures for FaceAlignmentTests: the published recipe of FFHQ in NumPy, SciPy and Pillow.

    python make_alignment.py      # needs numpy, scipy, pillow; writes photo.png, aligned-*.png and alignment.json

The recipe is that of FFHQ's dataset tool (Karras et al., CVPR 2019, appendix A), written anew. The photograph is made here.
"""

import json

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter


def photo(height, width):
    """Smooth waves with a few edges: what a wrong place, angle or size would show in."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    red = 127 + 90 * np.sin(x / 17) * np.cos(y / 23)
    green = 127 + 100 * np.sin((x + 2 * y) / 41)
    blue = 255 * ((x // 40 + y // 40) % 2) * 0.6 + 40
    return np.clip(np.rint(np.stack([red, green, blue], 2)), 0, 255).astype(np.uint8)


def align(image, points, size):
    left, right, mouth_left, mouth_right = points
    eyes = (left + right) / 2
    across = right - left
    down = (mouth_left + mouth_right) / 2 - eyes
    x = across - np.flipud(down) * [-1, 1]
    x /= np.hypot(*x)
    x *= max(np.hypot(*across) * 2, np.hypot(*down) * 1.8)
    y = np.flipud(x) * [-1, 1]
    c = eyes + down * 0.1
    quad = np.stack([c - x - y, c - x + y, c + x + y, c + x - y])
    side = np.hypot(*x) * 2
    picture = Image.fromarray(image)
    shrink = int(np.floor(side / size * 0.5))
    if shrink > 1:
        picture = picture.resize([int(np.rint(v / shrink)) for v in picture.size], Image.LANCZOS)
        quad /= shrink
        side /= shrink
    border = max(int(np.rint(side * 0.1)), 3)
    low, high = np.floor(quad.min(0)).astype(int), np.ceil(quad.max(0)).astype(int)
    box = (max(low[0] - border, 0), max(low[1] - border, 0),
           min(high[0] + border, picture.size[0]), min(high[1] + border, picture.size[1]))
    picture = picture.crop(box)
    quad -= box[:2]
    low, high = np.floor(quad.min(0)).astype(int), np.ceil(quad.max(0)).astype(int)
    pad = [max(border - low[0], 0), max(border - low[1], 0),
           max(high[0] - picture.size[0] + border, 0), max(high[1] - picture.size[1] + border, 0)]
    if max(pad) > border - 4:
        pad = np.maximum(pad, int(np.rint(side * 0.3)))
        data = np.pad(np.float32(picture), ((pad[1], pad[3]), (pad[0], pad[2]), (0, 0)), "reflect")
        h, w, _ = data.shape
        v, u, _ = np.ogrid[:h, :w, :1]
        mask = np.maximum(1 - np.minimum(u / pad[0], (w - 1 - u) / pad[2]), 1 - np.minimum(v / pad[1], (h - 1 - v) / pad[3]))
        blur = side * 0.02
        data += (gaussian_filter(data, [blur, blur, 0]) - data) * np.clip(mask * 3 + 1, 0, 1)
        data += (np.median(data, axis=(0, 1)) - data) * np.clip(mask, 0, 1)
        picture = Image.fromarray(np.uint8(np.clip(np.rint(data), 0, 255)))
        quad += pad[:2]
    picture = picture.transform((16 * size, 16 * size), Image.QUAD, (quad + 0.5).flatten(), Image.BILINEAR)
    return picture.resize((size, size), Image.BOX)


CASES = {  # left eye, right eye, nose, left and right corner of the mouth; side of the result
    "inside": ([[130, 100], [170, 104], [149, 122], [134, 140], [163, 143]], 48),
    "turned": ([[120, 130], [150, 95], [150, 125], [155, 150], [172, 128]], 48),
    "edge": ([[20, 40], [66, 34], [45, 60], [28, 84], [64, 80]], 48),
    "shrunk": ([[80, 90], [220, 92], [150, 130], [95, 190], [205, 192]], 64),
    "enlarged": ([[150, 110], [162, 110], [156, 116], [152, 122], [160, 122]], 64),
}

if __name__ == "__main__":
    image = photo(240, 320)
    Image.fromarray(image).save("photo.png")
    for name, (points, size) in CASES.items():
        at = np.array(points, float)
        align(image, (at[0], at[1], at[3], at[4]), size).save(f"aligned-{name}.png")
    cases = {name: {"points": points, "side": size} for name, (points, size) in CASES.items()}
    with open("alignment.json", "w") as file:
        json.dump(cases, file, indent=1)
        file.write("\n")
