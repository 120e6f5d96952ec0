"""The page of `idinv-lite serve`, used as a person uses it. IDINV_SHOTS=DIR keeps screenshots of each state."""

import base64
import os
import time
import urllib.request
from pathlib import Path

from axe_core_python.selenium import Axe
from conftest import ROOT, Server
from selenium.common.exceptions import ElementNotInteractableException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

EXAMPLES = ROOT / "models/examples"


def element(browser, name):
    return browser.find_element(By.ID, name)


def until(browser, condition, seconds=60):
    return WebDriverWait(browser, seconds, poll_frequency=0.05).until(lambda _: condition())


def shown(browser, name):
    return element(browser, name).is_displayed()


def open_page(browser, server):
    browser.get(server.url)
    until(browser, lambda: "default.idinv" in element(browser, "model-line").text)


def picture(browser, name="after"):
    """The pixels of an image on the page, as a data address."""
    script = """
      const image = document.getElementById(arguments[0]);
      if (!image.complete || !image.naturalWidth) return null;
      const canvas = document.createElement('canvas');
      canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
      canvas.getContext('2d').drawImage(image, 0, 0);
      return canvas.toDataURL();"""
    return until(browser, lambda: browser.execute_script(script, name))


def move(browser, name, value):
    browser.execute_script(
        """const slider = document.getElementById(arguments[0]);
           slider.value = arguments[1];
           slider.dispatchEvent(new Event('input'));
           slider.dispatchEvent(new Event('change'));""", name, value)


def check(browser, state):
    """What holds in every state: nothing sticks out or is cut off, no violation of accessibility rules, no complaint."""
    if folder := os.environ.get("IDINV_SHOTS"):
        shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
        Path(folder, f"{state}-{browser.label}.png").write_bytes(base64.b64decode(shot["data"]))
    overflow = browser.execute_script(
        "return document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0, f"{state}: {overflow} pixels stick out"
    cut = browser.execute_script("""
      const chart = document.getElementById('loss'), box = chart.getBoundingClientRect();
      return Array.from(chart.querySelectorAll('text')).filter((text) => {
        const label = text.getBoundingClientRect();
        return label.left < box.left || label.right > box.right || label.top < box.top || label.bottom > box.bottom;
      }).map((text) => text.textContent);""")
    assert not cut, f"{state}: {cut} are cut off"
    # axe is part of the test, not of the page: the page's policy would not let it in.
    violations = Axe().run(browser)["violations"]
    assert not violations, [(v["id"], [n["html"] for n in v["nodes"]][:3]) for v in violations]
    complaints = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert not complaints, complaints


def reconstruct(browser, example, steps=60):
    element(browser, "file").send_keys(str(EXAMPLES / example))
    until(browser, lambda: shown(browser, "crop"))
    field = element(browser, "steps")
    field.clear()
    field.send_keys(str(steps))
    element(browser, "start").click()


def test_from_photo_to_edit(browser, server):
    open_page(browser, server)
    check(browser, "1-start")
    reconstruct(browser, "face-03.png")
    check(browser, "2-crop")
    until(browser, lambda: shown(browser, "editor"))
    assert "dB" in element(browser, "result-caption").text
    # It may converge before the last of 60 steps: rounding decides.
    steps = element(browser, "loss-line").get_attribute("points").count(",")
    caption = element(browser, "loss-caption").get_attribute("textContent")
    assert 20 < steps <= 60 and f"over {steps} steps" in caption
    check(browser, "3-reconstructed")

    before = picture(browser)
    began = time.monotonic()
    move(browser, "move-glasses", 1)
    edited = until(browser, lambda: picture(browser) != before and picture(browser), seconds=10)
    print(f"slider to picture, as the test sees it: {time.monotonic() - began:.3f} s")
    move(browser, "wipe-position", 50)
    check(browser, "4-edited")

    element(browser, "undo").click()
    until(browser, lambda: picture(browser) == before)
    element(browser, "redo").click()
    until(browser, lambda: picture(browser) == edited)
    element(browser, "reset").click()
    until(browser, lambda: picture(browser) == before)

    # The job is still there after a reload.
    browser.refresh()
    until(browser, lambda: shown(browser, "editor"))
    until(browser, lambda: picture(browser) == before)


def test_walk_and_mix(browser, server):
    open_page(browser, server)
    reconstruct(browser, "face-01.png", steps=0)
    until(browser, lambda: shown(browser, "editor"))
    before = picture(browser)
    element(browser, "other-box").find_element(By.TAG_NAME, "summary").click()
    Select(element(browser, "other")).select_by_value("seed 1")
    move(browser, "walk", 100)
    walked = until(browser, lambda: picture(browser) != before and picture(browser))
    move(browser, "walk", 0)
    until(browser, lambda: picture(browser) == before)
    element(browser, "mix").click()
    until(browser, lambda: picture(browser) not in (before, walked))
    check(browser, "5-mixed")


def press_while_running(browser, name):
    """Starts a long job and presses a button of its progress; again where the job was faster."""
    for _ in range(10):
        reconstruct(browser, "face-02.png", steps=1000)
        until(browser, lambda: element(browser, "progress-text").text.startswith("step") or shown(browser, "editor"))
        try:
            element(browser, name).click()
            return
        except ElementNotInteractableException:
            continue
    raise AssertionError("every job ended before it could be stopped")


def test_stop_keeps_and_cancel_discards(browser, server):
    open_page(browser, server)
    press_while_running(browser, "stop")
    until(browser, lambda: shown(browser, "editor"))
    press_while_running(browser, "cancel")
    until(browser, lambda: not shown(browser, "work"))


def test_keyboard_places_the_crop(browser, server):
    open_page(browser, server)
    element(browser, "file").send_keys(str(EXAMPLES / "face-04.png"))
    until(browser, lambda: shown(browser, "crop"))
    canvas = element(browser, "crop-canvas")
    before = browser.execute_script("return arguments[0].toDataURL()", canvas)
    canvas.send_keys("-", "-", "-", Keys.ARROW_LEFT)
    assert browser.execute_script("return arguments[0].toDataURL()", canvas) != before
    assert int(element(browser, "crop-size").get_attribute("value")) < 100


def test_random_face(browser, server):
    open_page(browser, server)
    element(browser, "random").click()
    until(browser, lambda: shown(browser, "editor"))
    before = picture(browser)
    move(browser, "move-smile", 0.3)
    until(browser, lambda: picture(browser) != before)


def test_what_is_no_picture_is_said(browser, server, tmp_path):
    open_page(browser, server)
    text = tmp_path / "letter.png"
    text.write_text("not a picture")
    element(browser, "file").send_keys(str(text))
    until(browser, lambda: "cannot show letter.png" in element(browser, "notice").text)
    check(browser, "7-refused")


def test_delete(browser, server):
    open_page(browser, server)
    reconstruct(browser, "face-05.png", steps=0)
    until(browser, lambda: shown(browser, "editor"))
    count = len(browser.find_elements(By.CSS_SELECTOR, "#history li"))
    browser.find_element(By.CSS_SELECTOR, "#history .delete").click()
    until(browser, lambda: len(browser.find_elements(By.CSS_SELECTOR, "#history li")) == count - 1)
    assert not shown(browser, "work")


def test_a_killed_server_goes_on(tmp_path):
    server = Server(tmp_path)
    try:
        form = (b"--form\r\nContent-Disposition: form-data; name=\"steps\"\r\n\r\n1000\r\n--form\r\n"
                b"Content-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\n\r\n"
                + (EXAMPLES / "face-01.png").read_bytes() + b"\r\n--form--\r\n")
        request = urllib.request.Request(
            server.url + "v1/jobs", form, {"Content-Type": "multipart/form-data; boundary=form"})
        answer = urllib.request.urlopen(request).read().decode()
        name = answer.split('"id":"')[1].split('"')[0]
        time.sleep(0.3)
        server.kill()
        server.start()
        until_done = time.monotonic() + 60
        while '"state":"done"' not in (text := urllib.request.urlopen(server.url + f"v1/jobs/{name}").read().decode()):
            assert time.monotonic() < until_done, text
            time.sleep(0.1)
    finally:
        server.stop()
