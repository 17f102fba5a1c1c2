"""The live widgets where a kernel runs: JupyterLab and Notebook 7, each executing a notebook."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from playwright.sync_api import expect

CELLS = [
    """
import torch
from aecore.live import Interpolator, LatentExplorer
from aecore.networks import mlp
torch.manual_seed(0)
decoder = torch.nn.Sequential(mlp([2, 64, 784]), torch.nn.Sigmoid())
codes = torch.randn(50, 2)
explorer = LatentExplorer(decoder, codes, torch.arange(50) % 10, z=(0, 0), centre=(0, 0), extent=3)
explorer
""",
    "Interpolator(decoder, codes=codes[:6], labels=torch.arange(6))",
    "explorer.z = (1, -1.5)",
    'print("kernel sees", explorer.z.tolist())',
]
# JupyterLab remembers what was open in a workspace, and may put that in front: a workspace for each test.
PLACES = {"in_lab.ipynb": "lab/workspaces/in_lab/tree", "in_notebook.ipynb": "notebooks"}
CHARTS = [
    f"import aecore.live as live\nlive.{name}()"
    for name in (
        "DistanceExplorer",
        "Flatland",
        "KLPlayground",
        "PosteriorExplorer",
        "ELBOExplorer",
        "ReparameterisationExplorer",
    )
]
MODELS = [
    """
import torch
import aecore.live as live
from aecore.exact import GaussianMixture
from aecore.networks import mlp
torch.manual_seed(0)
images = torch.rand(3, 1, 28, 28)
directions = torch.nn.functional.normalize(torch.randn(3, 3, 784), dim=-1)
half = torch.arange(28)[:, None].expand(28, 28) < 14
pair = [mlp([9, 784]) for _ in range(2)]
live.SparsityExplorer([0.1, 1.0], pair, torch.rand(2, 3, 9), images, start=0)
""",
    "live.DenoisingExplorer(mlp([784, 16, 784]), images)",
    """
live.ScoreField(
    GaussianMixture([0.5, 0.5], [[-2.0, 0.0], [2.0, 0.0]], torch.eye(2).expand(2, 2, 2)), at=(1, 1)
)
""",
    "live.ContractionExplorer({'a': mlp([784, 4])}, images, directions[:, :2], directions[:, 2])",
    "live.ConditionalExplorer(mlp([2 + 3, 784]), 3, latent_dim=2)",
    "live.CompletionExplorer(mlp([2 + 392, 392]), images, half, latent_dim=2)",
]
NOTEBOOKS = {"charts": CHARTS, "models": MODELS}
# What the canvases of an output show, as one number each.
LOOK = """(output) => [...output.querySelectorAll("canvas")].map((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let hash = 0;
    for (let i = 0; i < data.length; i++) hash = (hash * 31 + data[i]) | 0;
    return hash;
}).join()"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Address of a Jupyter server without a token, on localhost, in a folder of its own."""
    folder = tmp_path_factory.mktemp("jupyter")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "JUPYTER_CONFIG_DIR": str(folder / "config")}
    options = {
        "ServerApp.root_dir": folder,
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.allow_root": True,
        "IdentityProvider.token": "",
    }
    for name in PLACES:
        (folder / name).write_text(json.dumps(_notebook(CELLS)), encoding="utf-8")
    for name, cells in NOTEBOOKS.items():
        (folder / f"{name}.ipynb").write_text(json.dumps(_notebook(cells)), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", "--no-browser"]
        + [f"--{name}={value}" for name, value in options.items()],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def _notebook(sources):
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{i}",
            "source": source.strip(),
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for i, source in enumerate(sources)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def _wait_for(address, process):
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{address}/api/status", timeout=1).close()
            return
        except OSError:
            if process.poll() is not None:
                pytest.fail(f"the Jupyter server ended with exit status {process.returncode}")
            time.sleep(0.1)
    pytest.fail("the Jupyter server does not answer")


def _answer_dialogs(page):
    """Take what JupyterLab's dialogs offer, and print what they say: it may ask before a kernel is there."""

    def answer(dialog):
        print("JupyterLab:", dialog.inner_text())
        dialog.locator(".jp-mod-accept").last.click()

    page.add_locator_handler(page.locator(".jp-Dialog"), answer)


def _run(page, cell):
    """Execute one cell and wait until it is done."""
    prompt = page.locator(".jp-CodeCell .jp-InputPrompt").nth(cell)
    before = prompt.text_content()
    for _ in range(20):
        page.locator(".jp-CodeCell .cm-content").nth(cell).click()
        page.keyboard.press("Shift+Enter")
        # A notebook that has no kernel yet forgets what it is asked to execute.
        for _ in range(30):
            if prompt.text_content() not in (before, "[ ]:"):
                expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=60_000)
                return
            page.wait_for_timeout(100)
    pytest.fail(f"cell {cell} is not executed")


def _settled_look(output, other_than=None):
    """What the canvases show once they have come to rest; None if that is always `other_than`."""
    look = None
    for _ in range(60):
        before, look = look, output.evaluate(LOOK)
        if look == before and look != other_than:
            return look
        output.page.wait_for_timeout(150)


@pytest.mark.parametrize("name", PLACES)
def test_widgets_answer_to_pointer_keys_and_kernel(browser, server, name):
    context = browser.new_context(viewport={"width": 1200, "height": 1000})
    page = context.new_page()
    _answer_dialogs(page)
    page.goto(f"{server}/{PLACES[name]}/{name}")
    page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for(timeout=60_000)
    _run(page, 0)
    _run(page, 1)
    page.wait_for_function("document.querySelectorAll('[data-frames]').length === 2")

    slider = page.get_by_role("slider", name="z₁", exact=True)
    expect(slider).to_have_attribute("aria-valuetext", "0.00")
    pad = page.locator(".aecore-pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box["width"] > 150
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"], steps=4)
    page.mouse.up()
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"1\.[45]\d*"))
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"1\.4\d*"))
    slider.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "3.00")
    expect(pad).to_have_attribute("aria-valuenow", "3")

    example = page.get_by_role("radio", name="example 1: a 0").first
    example.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="example 2: a 1").first).to_be_checked()

    _run(page, 2)
    expect(slider).to_have_attribute("aria-valuetext", "1.00")
    pad.focus()
    pad.press("Home")
    _run(page, 3)
    page.get_by_text("kernel sees [0.0, 0.0]").wait_for(timeout=20_000)
    context.close()


@pytest.mark.parametrize("place", ["lab/workspaces/{name}/tree", "notebooks"])
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_other_widget_answers_to_keys(browser, server, name, place):
    context = browser.new_context(viewport={"width": 1200, "height": 1000})
    page = context.new_page()
    _answer_dialogs(page)
    page.goto(f"{server}/{place.format(name=name)}/{name}.ipynb")
    page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for(timeout=60_000)
    for i, source in enumerate(NOTEBOOKS[name]):
        _run(page, i)
        output = page.locator(".jp-CodeCell").nth(i).locator(".jp-OutputArea").first
        handle = output.locator(".noUi-handle").first
        handle.scroll_into_view_if_needed()
        expect(handle).to_have_attribute("aria-label", re.compile(r"\S"))
        told = handle.get_attribute("aria-valuetext")
        before = _settled_look(output)
        assert before, f"{source} draws nothing"
        handle.press("ArrowRight")
        expect(handle).not_to_have_attribute("aria-valuetext", told)
        assert _settled_look(output, other_than=before), f"{source} stands still"
    context.close()
