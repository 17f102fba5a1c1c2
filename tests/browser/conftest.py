"""A real Chromium, on the built pages or on a bare page with widgets, served from localhost."""

import functools
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import browser_runtime
import chromium
import pytest
import small_widgets
from live_page import STILL, QuietHandler, write_page
from playwright.sync_api import Page, TimeoutError, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
# The widget manager's schema checker says this of its own schema; it is not ours and does no harm.
KNOWN_WARNING = "strict mode: use allowUnionTypes to allow union type keyword"

VIEWS = 'script[type="application/vnd.jupyter.widget-view+json"]'


@pytest.fixture(scope="session")
def address(book) -> str:
    """Where the built book is served, with a slash at the end."""
    handler = functools.partial(QuietHandler, directory=str(book))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="session")
def browser():
    """One Chromium for the session."""
    program = chromium.find()
    if program is None:
        pytest.fail(chromium.ADVICE, pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=chromium.ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """Source of axe-core, from the locked npm packages."""
    folder = browser_runtime.runtime_folder(ROOT / "_build")
    return (folder / "axe.min.js").read_text(encoding="utf-8")


@dataclass
class Visit:
    """A page that is open, and what it did on the way."""

    page: Page
    problems: list[str] = field(default_factory=list)
    files: set[str] = field(default_factory=set)


@pytest.fixture(scope="module")
def visit(browser, address):
    """Opens a page of the book: `with visit("intro", width=390) as opened`. It has settled by then.

    Its deeper sections are opened, unless `folded`.
    """

    @contextmanager
    def open_page(name: str, *, width=1280, height=900, settle=True, folded=False, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        opened = Visit(context.new_page())
        _watch(opened, address)
        opened.page.goto(f"{address}{name}.html")
        if settle and not folded and opened.page.locator(".deeper-switch").count():
            opened.page.locator(".deeper-switch").click()
        if settle:
            wait_until_settled(opened.page)
        yield opened
        context.close()

    return open_page


def wait_until_settled(page: Page) -> None:
    """Wait until the network is quiet, widgets are drawn and equations are typeset."""
    page.wait_for_load_state("networkidle")
    try:
        page.wait_for_function(
            """(views) => [...document.querySelectorAll(views)].every(
                (view) => view.closest(".deeper-rest[hidden]")
                    || view.parentElement.querySelector(".widget-subarea")?.firstElementChild)""",
            arg=VIEWS,
            timeout=40_000,
        )
    except TimeoutError:
        pytest.fail(f"a widget of {page.url} never comes alive", pytrace=False)
    page.evaluate("window.MathJax?.startup?.promise")
    # Fetch and lay out what is out of sight too, as if a reader had been everywhere.
    page.add_style_tag(content=":not(.deeper-rest) { content-visibility: visible !important; }")
    page.evaluate("""() => Promise.all([...document.images].map((image) => {
        image.loading = "eager";
        return image.decode().catch(() => {});  // a missing file is a problem of its own, and noted as one
    }))""")
    page.wait_for_load_state("networkidle")
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )


@pytest.fixture(scope="session")
def settle():
    """Waits until a page has settled."""
    return wait_until_settled


def _watch(visit: Visit, address: str) -> None:
    problems = visit.problems

    def on_console(message):
        if message.type in ("error", "warning") and not message.text.startswith(KNOWN_WARNING):
            problems.append(f"console {message.type}: {message.text}")

    def on_request(request):
        if not request.url.startswith((address, "data:", f"blob:{address}")):
            problems.append(f"request to another host: {request.url}")

    def on_response(response):
        if response.status >= 400:
            problems.append(f"status {response.status}: {response.url}")
        elif response.url.startswith(address):
            visit.files.add(unquote(urlsplit(response.url).path))

    visit.page.on("console", on_console)
    visit.page.on("pageerror", lambda error: problems.append(f"error: {error}"))
    visit.page.on("request", on_request)
    visit.page.on("requestfailed", lambda r: problems.append(f"failed: {r.url} {r.failure}"))
    visit.page.on("response", on_response)


@pytest.fixture
def codes():
    """Encoded data for the widgets of a bare page, [300, 2]."""
    return small_widgets.CODES


@pytest.fixture
def explorer():
    return small_widgets.latent()


@pytest.fixture
def interpolator():
    return small_widgets.interpolator()


@pytest.fixture
def show(browser, tmp_path):
    """Opens a bare page with the widgets: `with show(widget, width=390) as page`."""

    @contextmanager
    def open_page(*widgets, width=1280, **options):
        kept = browser_runtime.runtime_folder(ROOT / "_build")
        write_page(tmp_path, list(widgets), [kept / "static", browser_runtime.OWN_SCRIPTS])
        handler = functools.partial(QuietHandler, directory=str(tmp_path))
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            options.setdefault("color_scheme", "light")
            context = browser.new_context(viewport={"width": width, "height": 900}, **options)
            page = context.new_page()
            problems = []
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.on("requestfailed", lambda request: problems.append(request.url))
            page.goto(f"http://127.0.0.1:{server.server_port}/index.html")
            page.wait_for_function(
                "(n) => document.querySelectorAll('[data-frames]').length === n", arg=len(widgets)
            )
            page.evaluate(STILL)
            yield page
            context.close()
            server.shutdown()
        assert not problems

    return open_page
