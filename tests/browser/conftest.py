"""A real Chromium on a real TensorBoard; every page must stay free of errors and of violations of TensorBoard's content policy."""

from __future__ import annotations

import base64
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, BrowserContext, Frame, Locator, Page, Playwright, expect, sync_playwright

from tests.conftest import StartTensorBoard, TensorBoard, until

if TYPE_CHECKING:
    from tests.browser import hidden_windows

PATIENCE = 30  # seconds: what is right comes at once, what is wrong may be waited for
expect.set_options(timeout=1000 * PATIENCE)

# Not ours: what TensorBoard's own page and the missing GPU say.
FOREIGN = re.compile(
    r"Three\.js|willReadFrequently|favicon|WebGL|GPU|gstatic|fonts\.g|Failed to load resource: net::ERR_(INTERNET|NAME)",
    re.IGNORECASE,
)


@pytest.fixture(scope="session")
def demo_server(demo: Path, tensorboard: StartTensorBoard) -> TensorBoard:
    """A TensorBoard that shows the demo."""
    return tensorboard("--logdir", str(demo))


@pytest.fixture(scope="session")
def every_kind(tensorboard: StartTensorBoard, tmp_path_factory: pytest.TempPathFactory) -> TensorBoard:
    """A TensorBoard that shows one run with a record of every kind."""
    from tests.browser.every_kind import write_run  # which needs what is below

    logdir = tmp_path_factory.mktemp("every_kind")
    write_run(logdir / "run")
    server = tensorboard("--logdir", str(logdir))
    until(server.runs)  # all that was logged is known: no series comes later
    return server


@pytest.fixture(scope="session")
def occlusion(tensorboard: StartTensorBoard, tmp_path_factory: pytest.TempPathFactory) -> hidden_windows.Logged:
    """Occlusion by three sizes of windows, and by all pairs of one size."""
    from tests.browser.hidden_windows import Logged, write_run  # which needs what is below

    logdir = tmp_path_factory.mktemp("occlusion")
    tables = write_run(logdir / "run")
    return Logged(tensorboard("--logdir", str(logdir)), *tables)


def launch(playwright: Playwright, *flags: str) -> Browser:
    """Debian's Chromium, as `tests/run` installs it."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    assert path, "install Chromium: the browser tests need it on PATH"
    quiet = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    return playwright.chromium.launch(executable_path=path, args=[*quiet, *flags])


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser of all tests."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@dataclass
class ExplainTab:
    """The Explain tab in one browser page."""

    page: Page
    frame: Frame
    requests: list[str] = field(default_factory=list)

    def part(self, name: str) -> Locator:
        """What carries this test id."""
        return self.frame.get_by_test_id(name)

    def tile(self, sample: int = 0, **attributes: Any) -> Locator:
        """A tile by its data attributes, such as tag and step."""
        wanted = "".join(f'[data-{name}="{value}"]' for name, value in attributes.items())
        return self.frame.locator(f'[data-testid="tile"]{wanted}').nth(sample)

    def scroll_to_run(self, run: str) -> None:
        """Bring a run's section on screen: it is loaded only then, and those above it may still grow."""
        section = self.frame.locator(f'section[data-run="{run}"]')

        def there() -> bool:
            section.scroll_into_view_if_needed()
            return self.tile(0, run=run).count() > 0

        self.until(there)

    def state(self) -> dict[str, str]:
        """What the address says about the page."""
        parts = self.page.url.partition("#")[2].split("&")
        return dict(
            part.removeprefix("p.tb_explain.").split("=", 1) for part in parts if part.startswith("p.tb_explain.")
        )

    def says(self, **expected: str | None) -> None:
        """The address says so before long."""
        self.until(lambda: all(self.state().get(key) == value for key, value in expected.items()))

    def until(self, condition: Callable[[], Any]) -> Any:
        """The first true value of `condition`; the browser's events arrive meanwhile, as they would not while sleeping."""
        deadline = time.monotonic() + PATIENCE
        while not (value := condition()):
            assert time.monotonic() < deadline, f"still {value!r} after {PATIENCE} s"
            self.page.wait_for_timeout(50)
        return value

    def settled(self) -> None:
        """Wait until what is asked for is on screen."""
        expect(self.part("tile").first).to_be_visible()
        expect(self.frame.locator('[aria-busy="true"]')).to_have_count(0)


_READ_PIXELS = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let text = "";
  for (let i = 0; i < data.length; i += 8192) text += String.fromCharCode(...data.subarray(i, i + 8192));
  return [canvas.height, canvas.width, btoa(text)];
}"""


def pixels(canvas: Locator) -> NDArray[np.uint8]:
    """What is painted on a canvas, [h, w, RGBA]."""
    height, width, data = canvas.evaluate(_READ_PIXELS)
    return np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)


def note_complaints(page: Page, complaints: list[str]) -> None:
    """Add to `complaints` what the page complains about from now on."""
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.on(
        "console",
        lambda message: (
            message.type in ("error", "warning")
            and not FOREIGN.search(message.text)
            and complaints.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")
        ),
    )


def explain_tab(context: BrowserContext, address: str, complaints: list[str]) -> ExplainTab:
    """The Explain tab in a new page; what the page complains about is added to `complaints`."""
    page = context.new_page()
    note_complaints(page, complaints)
    tab = ExplainTab(page, page.main_frame)
    page.on("request", lambda request: "/plugin/tb_explain/" in request.url and tab.requests.append(request.url))
    page.goto(address)
    tab.frame = tab.until(lambda: next((frame for frame in page.frames[1:] if "name=tb_explain" in frame.url), None))
    return tab


OpenTab = Callable[..., ExplainTab]


@pytest.fixture
def open_tab(chromium: Browser) -> Iterator[OpenTab]:
    """Opens the Explain tab at an address; in the end no page may have complained, but about what the test expects."""
    complaints: list[str] = []
    contexts = []

    def open_page(
        server: TensorBoard,
        state: str = "",
        *,
        view: str = "explanations",  # where `state` names none; empty: what the page opens by itself
        query: str = "",
        expected: str = "",
        **options: Any,
    ) -> ExplainTab:
        if view and "p.tb_explain.view=" not in state:
            state = f"&p.tb_explain.view={view}{state}"
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        contexts.append((context, expected))
        return explain_tab(context, f"{server.url}{query}#tb_explain{state}", complaints)

    yield open_page
    expected = "|".join(expected for _, expected in contexts if expected)
    for context, _ in contexts:
        context.close()
    left = [line for line in complaints if not (expected and re.search(expected, line))]
    assert not left, "\n".join(left)
