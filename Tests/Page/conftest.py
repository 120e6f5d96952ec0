"""A server of the shipped model, and a real browser: Chromium, driven by Selenium."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from selenium import webdriver

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("IDINV_LITE", str(ROOT / ".build/release/idinv-lite"))


def pytest_collection_modifyitems(items):
    if shutil.which("chromium") is None or shutil.which("chromedriver") is None:
        for item in items:
            item.add_marker(pytest.mark.skip(reason="needs Debian's chromium and chromium-driver"))


class Server:
    """`idinv-lite serve` on a free port."""

    def __init__(self, data: Path, *options: str):
        self.data = data
        self.options = options
        self.start()

    def start(self):
        command = [PROGRAM, "serve", "--port", "0", "--data", str(self.data), "--threads", "1", *self.options]
        command += ["--model", str(ROOT / "models/default.idinv")]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = self.process.stdout.readline().strip()
        assert self.url.startswith("http://"), "the server did not start"

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("serve"))
    yield server
    assert server.stop() == 0


@pytest.fixture(params=[(390, 844, "light"), (390, 844, "dark"), (1280, 900, "light"), (1280, 900, "dark")],
                ids=lambda value: f"{value[0]}-{value[2]}")
def browser(request):
    width, height, scheme = request.param
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500})
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "features": [{"name": "prefers-color-scheme", "value": scheme}]})
    driver.label = f"{width}-{scheme}"
    yield driver
    driver.quit()
