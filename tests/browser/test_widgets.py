"""The live widgets of every built page: each slider moves its picture, by keyboard and pointer, at once."""

import math
import statistics
import time

import pytest
from book_build import pages

# The sliders of a page, with the box that holds the canvases each one moves, and its place in that box.
MARK = """() => {
    const sliders = [...document.querySelectorAll('.widget-subarea [role="slider"]')];
    sliders.forEach((slider, i) => (slider.dataset.test = String(i)));
    return sliders.map((slider) => slider.getAttribute("aria-label") ?? "");
}"""
# What the canvases around a slider show, as one number a canvas.
LOOK = """(slider) => {
    const hash = (canvas) => {
        const copy = new OffscreenCanvas(canvas.width, canvas.height);
        const context = copy.getContext("2d", { willReadFrequently: true });
        context.drawImage(canvas, 0, 0);
        const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
        let h = 0;  // a plain loop over whole pixels: what it costs is counted as the page's time
        const pixels = new Uint32Array(data.buffer);
        for (let i = 0; i < pixels.length; i++) h = (h * 31 + pixels[i]) | 0;
        return h;
    };
    return [...slider.closest(".widget-subarea").querySelectorAll("canvas")]
        .filter(({ width, height }) => width && height).map(hash).join();
}"""
# Waits for a frame to be over; the number of frames so far.
# Focus on the first slider as soon as its view has drawn; the key that moves it to the roomier side.
READY = f"""() => {{
    const slider = document.querySelector(".widget-subarea .noUi-handle");
    if (!slider?.closest(".widget-subarea").querySelector("[data-frames]")) return false;
    window.look = () => ({LOOK})(slider);
    window.before = window.look();
    slider.focus();
    const value = (name) => Number(slider.getAttribute(`aria-value${{name}}`));
    const [low, high, now] = ["min", "max", "now"].map(value);
    return (now - low) / (high - low) <= 0.5 ? "ArrowRight" : "ArrowLeft";
}}"""
ANSWERED = """async () => {
    for (let frame = 0; frame < 20; frame++) {
        await new Promise(requestAnimationFrame);
        if (window.look() !== window.before) return true;
    }
    return false;
}"""
FRAME = """() => {
    if (!window.framesSoFar) {
        window.framesSoFar = 1;
        const count = () => { window.framesSoFar++; requestAnimationFrame(count); };
        requestAnimationFrame(count);
    }
    return new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(window.framesSoFar))));
}"""
# Seconds from the start of navigation to a slider's effect.
ANSWER_LIMIT = 2.0
ATTEMPTS = 12
FRAME_LIMIT = 1 / 60


@pytest.fixture(scope="module", params=pages())
def name(request):
    return request.param


@pytest.fixture(scope="module")
def opened(visit, name):
    with visit(name) as opened:
        yield opened


@pytest.fixture(scope="module")
def sliders(opened):
    """Every slider of the page, as (label, element)."""
    labels = opened.page.evaluate(MARK)
    elements = [opened.page.locator(f'[data-test="{i}"]') for i in range(len(labels))]
    return list(zip(labels, elements, strict=True))


def test_intro_and_every_chapter_have_something_to_move(name, sliders):
    if name == "intro" or name.startswith("chapters/"):
        assert sliders


def test_each_slider_has_a_name(sliders):
    assert all(label.strip() for label, _ in sliders), [label for label, _ in sliders]


def test_each_number_stands_under_its_name(opened):
    apart = opened.page.evaluate(
        """() => [...document.querySelectorAll(".aecore-number")].map((pair) => {
            const [name, number] = [...pair.children].map((part) => part.getBoundingClientRect());
            return Math.max(Math.abs(name.left - number.left), name.bottom - number.top);
        })"""
    )
    assert max(apart, default=0) < 2


def test_each_slider_moves_its_canvas_by_keyboard(sliders):
    still = []
    for label, slider in sliders:
        slider.scroll_into_view_if_needed()
        before = _settled_look(slider)
        slider.focus()
        keys = ["ArrowLeft"] if _share(slider) > 0.5 else ["ArrowRight"]
        for key in keys * 3:
            slider.press(key)
        if not _changed(slider, before):
            still.append(label)
    assert not still, f"no canvas changed for {still}"


def test_each_slider_moves_its_canvas_by_pointer(sliders):
    still = []
    for label, slider in sliders:
        slider.scroll_into_view_if_needed()
        before = _settled_look(slider)
        _drag(slider, steps=6)
        if not _changed(slider, before):
            still.append(label)
    assert not still, f"no canvas changed for {still}"


@pytest.mark.timed
def test_a_drag_keeps_sixty_frames_a_second(sliders):
    slow = []
    for label, slider in sliders:
        busy = _drag(slider, steps=24, measure=True)
        if statistics.median(busy) > FRAME_LIMIT:
            slow.append(f"{label}: {1000 * statistics.median(busy):.1f} ms a frame")
    assert not slow, slow


def test_all_that_happened_in_silence(opened, sliders):
    assert not opened.problems


@pytest.mark.timed
def test_sliders_answer_soon_after_opening(browser, address, name, sliders):
    if not sliders:
        return
    # The limit is on the page, not on what else the machine does meanwhile: one quiet moment is enough.
    times = []
    while len(times) < ATTEMPTS and min(times, default=math.inf) >= ANSWER_LIMIT:
        times.append(_time_to_answer(browser, f"{address}{name}.html"))
    assert min(times) < ANSWER_LIMIT, f"{min(times):.2f} s at best of {ATTEMPTS}"


def _time_to_answer(browser, url) -> float:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    began = time.perf_counter()
    page.goto(url, wait_until="commit")
    # Few calls: each waits for a gap in what the page does, which is not what a reader waits for.
    key = page.wait_for_function(READY).json_value()
    page.keyboard.press(key)
    while not page.evaluate(ANSWERED):
        page.keyboard.press(key)
        assert time.perf_counter() - began < 30, "the first slider never moves its canvas"
    elapsed = time.perf_counter() - began
    context.close()
    return elapsed


def _share(slider) -> float:
    """Where a slider stands between its ends, from 0 to 1."""
    low, high, now = (float(slider.get_attribute(f"aria-value{x}")) for x in ("min", "max", "now"))
    return (now - low) / (high - low)


def _settled_look(slider) -> str:
    """What the canvases show once they have stopped changing."""
    look = slider.evaluate(LOOK)
    for _ in range(100):
        slider.page.wait_for_timeout(50)
        look, before = slider.evaluate(LOOK), look
        if look == before:
            return look
    pytest.fail("a canvas never comes to rest")


def _changed(slider, before: str) -> bool:
    for _ in range(200):
        if slider.evaluate(LOOK) != before:
            return True
        slider.page.wait_for_timeout(50)
    return False


def _drag(slider, steps: int, measure=False) -> list[float]:
    """Drag a quarter of the track towards its roomier side; if asked, seconds of work in a frame, a step."""
    slider.scroll_into_view_if_needed()
    page, box = slider.page, slider.bounding_box()
    track = slider.evaluate("(s) => (s.closest('.noUi-target') ?? s).getBoundingClientRect().width")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    reach = track / 4 * (-1 if _share(slider) > 0.5 else 1)
    work = page.context.new_cdp_session(page) if measure else None
    if work:
        work.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.mouse.move(x, y)
    page.mouse.down()
    busy = []
    for step in range(1, steps + 1):
        frames, seconds = page.evaluate(FRAME), _seconds_of_work(work)
        page.mouse.move(x + reach * step / steps, y)
        frames, seconds = page.evaluate(FRAME) - frames, _seconds_of_work(work) - seconds
        busy.append(seconds / frames)
    page.mouse.up()
    if work:
        work.detach()
    return busy


def _seconds_of_work(protocol) -> float:
    """Processor seconds that the page's main thread has used so far."""
    if protocol is None:
        return 0.0
    metrics = protocol.send("Performance.getMetrics")["metrics"]
    return next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")
