"""From a photo to an edited photo, on the page: the face is placed, edited, and put back into the photo."""

import io
import os
import subprocess
import time

import numpy as np
import pytest
from conftest import PROGRAM, ROOT, Server
from PIL import Image, ImageOps
from selenium.webdriver.common.by import By
from test_page import check, element, move, open_page, shown, until

PHOTO = ROOT / "models/photos/holiday.jpg"


@pytest.fixture(scope="session")
def detecting(tmp_path_factory):
    """A server with a detector: IDINV_DETECTOR's, or one of random weights, whose faces mean nothing."""
    folder = tmp_path_factory.mktemp("detecting")
    detector = os.environ.get("IDINV_DETECTOR")
    if not detector:
        detector = str(folder / "faces.idinv")
        subprocess.run([PROGRAM, "convert", "--detector", ROOT / "Tests/Golden/detector", "-o", detector, "-q"], check=True)
    server = Server(folder / "data", "--detector", detector)
    yield server
    assert server.stop() == 0


def place_face(browser):
    """The square of the photo's face, as its landmarks say."""
    points = np.loadtxt(PHOTO.with_suffix(".txt"))
    eyes, mouth = points[:2].mean(0), points[3:].mean(0)
    down, across = mouth - eyes, points[1] - points[0]
    axis = across + np.array([down[1], -down[0]])
    half = max(np.linalg.norm(across) * 2, np.linalg.norm(down) * 1.8)
    x, y = eyes + down * 0.1
    browser.execute_script(
        f"placeSquare({{x: {x}, y: {y}, half: {half}, turn: {float(np.arctan2(axis[1], axis[0]))}}})")


def loaded(browser, before=None):
    """The address of the photo on the page, once it is another one and has come."""
    script = """const image = document.getElementById('photo');
      return image.complete && image.naturalWidth && !image.classList.contains('busy') ? image.src : null;"""
    return until(browser, lambda: (address := browser.execute_script(script)) not in (None, before) and address)


def pixels(browser, call):
    """What the page would save, as an array."""
    content = browser.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        f"{call}.then((answer) => answer.arrayBuffer()).then((bytes) => done(Array.from(new Uint8Array(bytes))));")
    return np.asarray(Image.open(io.BytesIO(bytes(content))).convert("RGB")).astype(int)


def test_a_face_goes_back_into_its_photo(browser, server):
    open_page(browser, server)
    browser.set_script_timeout(60)
    element(browser, "file").send_keys(str(PHOTO))
    until(browser, lambda: shown(browser, "crop"))
    until(browser, lambda: browser.execute_script("return photo.isKept"))
    place_face(browser)
    check(browser, "8-photo")
    steps = element(browser, "steps")
    steps.clear()
    steps.send_keys("30")
    element(browser, "start").click()
    until(browser, lambda: shown(browser, "photo-box"))
    plain = loaded(browser)
    move(browser, "move-glasses", 1)
    loaded(browser, plain)
    check(browser, "9-in-the-photo")

    # A PNG tells how the pixels are: what the face's square does not reach is the photo's own.
    before = np.asarray(ImageOps.exif_transpose(Image.open(PHOTO))).astype(int)
    after = pixels(browser, "post('/v1/photos', photoRequest({format: 'png'}))")
    assert after.shape == before.shape
    assert abs(after[:600] - before[:600]).max() <= 1, "decoders differ by 1"
    assert abs(after[900:1100, 400:600] - before[900:1100, 400:600]).max() > 20

    # The photo is still there after a reload.
    browser.refresh()
    until(browser, lambda: shown(browser, "photo-box"))
    loaded(browser)


def test_what_the_model_sees(browser, server):
    open_page(browser, server)
    element(browser, "random").click()
    until(browser, lambda: shown(browser, "editor"))
    element(browser, "attributes-box").find_element(By.TAG_NAME, "summary").click()
    until(browser, lambda: "smile" in element(browser, "attributes").text)
    move(browser, "move-smile", 0.5)
    until(browser, lambda: "(+" in element(browser, "attributes").text)
    check(browser, "10-attributes")


def test_a_format_that_only_the_browser_reads_is_named(browser, server, tmp_path):
    """In the server's words; the file's name stays as it is."""
    picture = tmp_path / "small.gif"
    ImageOps.exif_transpose(Image.open(PHOTO)).save(picture)
    open_page(browser, server)
    element(browser, "file").send_keys(str(picture))
    until(browser, lambda: "not be put back into this photo: small.gif: is a GIF file" in element(
        browser, "faces-text").text)


def test_faces_are_looked_for(browser, detecting):
    open_page(browser, detecting)
    element(browser, "file").send_keys(str(PHOTO))
    until(browser, lambda: "found" in element(browser, "faces-text").text)
    browser.execute_script("""
      photo.faces = [100, 300].map((x) => ({box: [x, 400, 150, 150],
        frame: {center: [x + 75, 475], axis: [80, 10]}, score: 1, landmarks: []}));
      showFaces('2 faces were found. Choose one, or place the square by hand.');
      chooseFace(0);""")
    check(browser, "11-faces")
    buttons = browser.find_elements(By.CSS_SELECTOR, "#faces button")
    assert len(buttons) == 2
    buttons[1].click()
    time.sleep(0.1)
    assert browser.execute_script("return square.x") == 375
    assert buttons[1].get_attribute("aria-pressed") == "true"
