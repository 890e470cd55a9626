"""The scatter plot's pixels, drawn in Chromium by WebGL2 in software: what is where, on top, dimmed, half way, and after a lost context."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.browser.scatter_page import scatter_page

SIZE = 400
WHITE, RED, GREEN, BLUE, GREY, BLACK = (
    np.array(colour) for colour in [(255,) * 3, (255, 0, 0), (0, 255, 0), (0, 0, 255), (128,) * 3, (0, 0, 0)]
)
SELECTED, HIDDEN, HOVERED, NEIGHBOUR, OUTLINED = 1, 2, 4, 8, 16

# A plot of SIZE pixels whose frame is 0 to 65535, with a palette of three colours.
SETUP = """async ({ rows, codes, dims, ratio, refuse }) => {
  const canvas = document.querySelector("canvas");
  if (refuse) {
    const getContext = canvas.getContext.bind(canvas);
    canvas.getContext = (kind, options) => kind === "webgl2" ? null : getContext(kind, options);
  }
  canvas.style.width = canvas.style.height = "400px";
  const pixel = (r, g, b) => (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
  window.plot = scatter.createScatter(canvas, { theme: { ink: pixel(0, 0, 0), missing: pixel(128, 128, 128) } });
  window.palette = Uint32Array.of(pixel(255, 0, 0), pixel(0, 255, 0), pixel(0, 0, 255));
  plot.resize(400, 400, ratio);
  plot.arrange([{ x: 0, y: 0, width: 400, height: 400 }]);
  window.panel = plot.panels[0];
  window.positions = rows => ({ stored: Uint16Array.from(rows.flat()), scale: 1, offset: 0 });
  panel.setPoints({ dims, to: positions(rows) });
  if (codes) panel.setColours({ codes: Uint8Array.from(codes), palette });
  window.show = async () => {
    do await new Promise(requestAnimationFrame); while (!plot.stats.settled);
    await new Promise(requestAnimationFrame);
  };
  await show();
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with scatter_page(tmp_path_factory.mktemp("scatter")) as url:
        yield url


class Plot:
    """A scatter plot on a page, and its pixels."""

    def __init__(self, page: Page, address: str, ratio: int) -> None:
        self.page = page
        self.ratio = ratio
        page.goto(address)
        page.wait_for_function("window.scatter")

    def give(
        self, rows: list[list[int]] | NDArray[Any], codes: list[int] | None = None, *, refuse: bool = False
    ) -> None:
        given = np.asarray(rows).tolist()
        dims = len(given[0])
        self.page.evaluate(SETUP, {"rows": given, "codes": codes, "dims": dims, "ratio": self.ratio, "refuse": refuse})

    def do(self, script: str, argument: Any = None) -> Any:
        """Run it, and wait until what follows from it is on screen."""
        return self.page.evaluate(
            f"async given => {{ const result = await ({script}); await show(); return result; }}", argument
        )

    def picture(self) -> NDArray[np.int64]:
        """[y, x, RGB] in device pixels, on white."""
        png = self.page.locator("canvas").screenshot()
        return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)

    def at(self, row: int) -> NDArray[np.int64]:
        """The pixel in the middle of a row's point."""
        x, y = self.page.evaluate("row => panel.where(row)", row)
        return self.picture()[round((y - 0.5) * self.ratio), round((x - 0.5) * self.ratio)]


@pytest.fixture
def plot(chromium: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Plot]:
    ratio = getattr(request, "param", 1)
    context = chromium.new_context(viewport={"width": 500, "height": 500}, device_scale_factor=ratio)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    yield Plot(page, address, ratio)
    context.close()
    assert not errors


def near(pixel: NDArray[Any], colour: NDArray[Any], tolerance: int = 30) -> bool:
    return bool(np.abs(pixel - colour).max() <= tolerance)


def inked(picture: NDArray[Any], colour: NDArray[Any] = WHITE) -> NDArray[Any]:
    """Where a picture is something else than white, or where it is about a colour."""
    away = np.abs(picture - colour).max(-1)
    return away > 60 if colour is WHITE else away < 60


CORNERS = [[8000, 8000], [57000, 8000], [57000, 57000], [8000, 57000]]


@pytest.mark.parametrize("plot", [1, 2], indirect=True)
def test_points_have_their_colours_where_they_are(plot: Plot) -> None:
    plot.give(CORNERS, [0, 1, 2, 9])
    for row, colour in enumerate((RED, GREEN, BLUE, GREY)):
        assert near(plot.at(row), colour), row
    picture = plot.picture()
    assert picture.shape[0] == SIZE * plot.ratio
    # Nothing elsewhere: four discs of some nine pixels across.
    assert 4 * 40 < inked(picture).sum() / plot.ratio**2 < 4 * 80
    # Upwards on the screen is upwards in the data: the first row is at the lower left.
    ys, xs = np.nonzero(inked(picture, RED))
    assert ys.mean() > 0.8 * SIZE * plot.ratio and xs.mean() < 0.2 * SIZE * plot.ratio


def test_points_are_round_and_their_edges_soft(plot: Plot) -> None:
    plot.give([[32768, 32768]], [2])
    alpha = (255 - plot.picture()[..., 0]) / 255
    ys, xs = np.mgrid[:SIZE, :SIZE]
    distance = np.hypot(ys - (ys * alpha).sum() / alpha.sum(), xs - (xs * alpha).sum() / alpha.sum())
    radius = np.sqrt(alpha.sum() / alpha.max() / np.pi)
    assert 3.5 < radius < 5.5
    assert alpha[distance > radius + 1.1].max() < 0.02
    assert alpha[distance < radius - 1.1].min() > 0.85
    assert ((alpha > 0.1) & (alpha < 0.8)).sum() > 8


def test_values_run_through_the_table(plot: Plot) -> None:
    plot.give(CORNERS)
    assert near(plot.at(0), GREY)
    plot.do("panel.setColours({ values: Float32Array.of(-1, 0.5, 7, NaN), low: 0, high: 1, lut: palette })")
    for row, colour in enumerate((RED, GREEN, BLUE, GREY)):
        assert near(plot.at(row), colour), row


def test_hidden_rows_are_absent_and_come_back(plot: Plot) -> None:
    plot.give(CORNERS, [0, 1, 2, 0])
    plot.do("panel.setState(Uint8Array.from(given))", [0, HIDDEN, 0, 0])
    assert near(plot.at(1), WHITE, 3)
    assert near(plot.at(2), BLUE)
    plot.do("panel.setState(Uint8Array.from(given))", [0, 0, 0, 0])
    assert near(plot.at(1), GREEN)


def test_selected_rows_are_on_top_and_others_dimmed(plot: Plot) -> None:
    # The same place for all but the last, in two orders: whichever is selected is seen.
    for chosen, colour in ((0, RED), (1, GREEN), (2, BLUE)):
        plot.give([[32768, 32768]] * 3 + [[8000, 8000]], [0, 1, 2, 0])
        assert near(plot.at(3), RED)
        plot.do("panel.setState(Uint8Array.from({ length: 4 }, (_, row) => row === given ? 1 : 0))", chosen)
        assert near(plot.at(0), colour), chosen
        dimmed = plot.at(3)
        assert dimmed[0] > 240 and 150 < dimmed[1] < 240
        plot.do("(window.state = new Uint8Array(4), panel.setState(state))")
        assert near(plot.at(3), RED)


def test_what_is_pointed_at_is_outlined_and_lies_on_what_is_selected(plot: Plot) -> None:
    plot.give([[32768, 32768]] * 3 + [[8000, 8000]], [0, 1, 2, 0])
    plot.do("(window.state = Uint8Array.of(4, 1, 8, 0), panel.setState(state))")
    assert near(plot.at(0), RED)
    assert inked(plot.picture(), BLACK).sum() > 15
    # One byte changes, and the point below it appears.
    plot.do("(state[0] = 0, panel.updateState(0, 1))")
    assert near(plot.at(0), BLUE)
    plot.do("(state[2] = 0, panel.updateState(2, 3))")
    assert near(plot.at(0), GREEN)


def test_outlined_rows_are_diamonds(plot: Plot) -> None:
    plot.give([[32768, 32768]], [0])
    plot.do("panel.setState(Uint8Array.of(16))")
    picture = plot.picture()
    ys, xs = np.nonzero(inked(picture))
    radius = (xs.max() - xs.min()) / 2
    middle_y, middle_x = round(ys.mean()), round(xs.mean())
    corner = round(0.7 * radius)
    assert not inked(picture)[middle_y - corner, middle_x - corner]  # a disc would have something there
    assert inked(picture, BLACK).sum() > 8
    assert near(plot.at(0), RED)


def test_a_morph_is_half_way_at_a_half(plot: Plot) -> None:
    plot.give([[60000, 32768]], [0])
    # The other step has another scale and offset: 4000 is where 1000 is stored.
    plot.do(
        "panel.setPoints({ dims: 2, to: positions([[60000, 32768]]), from: { stored: Uint16Array.of(1000, 14384), scale: 2, offset: 2000 } })"
    )
    middles = []
    for t in (0, 0.5, 1):
        plot.do("panel.setMorph(given)", t)
        assert near(plot.at(0), RED), t
        middles.append(np.nonzero(inked(plot.picture(), RED))[1].mean())
    start, half, end = middles
    assert end - start == pytest.approx((60000 - 4000) / 65535 * 0.92 * SIZE, abs=1)
    assert half == pytest.approx((start + end) / 2, abs=0.6)


def test_three_dimensions_turn(plot: Plot) -> None:
    plot.give([[60000, 32768, 32768], [32768, 32768, 60000]], [0, 1])
    assert near(plot.at(0), RED)
    before = np.nonzero(inked(plot.picture(), RED))[1].mean()
    plot.do("plot.camera.set({ yaw: Math.PI / 2 })")
    assert near(plot.at(1), GREEN)
    after = np.nonzero(inked(plot.picture(), GREEN))[1].mean()
    assert after == pytest.approx(before, abs=1.5)  # what was towards the eye is at the right now


def test_two_panels_share_a_camera_and_draw_in_their_own_part(plot: Plot) -> None:
    plot.give([[32768, 32768], [65535, 32768]], [0, 0])
    plot.do(
        """(plot.arrange([{ x: 0, y: 0, width: 200, height: 400 }, { x: 200, y: 0, width: 200, height: 400 }]),
        plot.panels[1].setPoints({ dims: 2, to: { stored: Uint16Array.of(32768, 32768, 0, 32768), scale: 0.1, offset: 70 } }),
        plot.panels[1].setColours({ codes: Uint8Array.of(2, 2), palette }))"""
    )
    red, blue = inked(plot.picture(), RED), inked(plot.picture(), BLUE)
    assert red[:, :200].sum() > 50 and red[:, 200:].sum() == 0
    assert blue[:, 200:].sum() > 50 and blue[:, :200].sum() == 0
    ys = [np.nonzero(mask)[0].mean() for mask in (red, blue)]
    plot.do("plot.camera.pan(0, 50)")
    red, blue = inked(plot.picture(), RED), inked(plot.picture(), BLUE)
    for mask, y in zip((red, blue), ys, strict=True):
        assert np.nonzero(mask)[0].mean() == pytest.approx(y + 50, abs=0.6)
    # What leaves its panel does not enter the other one.
    plot.do("plot.camera.pan(60, 0)")
    assert inked(plot.picture(), RED)[:, 200:].sum() == 0
    assert plot.page.evaluate("[plot.panelAt(10, 10), plot.panelAt(210, 10), plot.panelAt(500, 10)]") == [0, 1, -1]


def test_no_class_covers_another_because_it_comes_later(plot: Plot) -> None:
    rng = np.random.default_rng(0)
    rows = np.clip(rng.normal(32768, 6000, (20_000, 2)), 0, 65535).astype(int)
    plot.give(rows, [0] * 10_000 + [2] * 10_000)
    middle = plot.picture()[150:250, 150:250]
    red, blue = inked(middle, RED).sum(), inked(middle, BLUE).sum()
    assert red > 500 and blue > 500
    assert 0.7 < (middle[..., 0].mean() + 1) / (middle[..., 2].mean() + 1) < 1.4


def test_a_million_points_are_shown_early_and_then_completely(plot: Plot) -> None:
    plot.give([[0, 0], [65535, 65535]], [0, 0])
    seen = plot.do(
        """(async () => {
          const n = 1_000_000, stored = new Uint16Array(2 * n), seen = [];
          for (let i = 0; i < 2 * n; i++) stored[i] = 65535 * (((i >> 1) * (i % 2 ? 0.7548776662 : 0.5698402910)) % 1);
          const leave = plot.subscribe(stats => seen.push([stats.drawn, stats.settled]));
          panel.setPoints({ dims: 2, to: { stored, scale: 1, offset: 0 } });
          panel.setColours({ codes: new Uint8Array(n), palette });
          await show();
          leave();
          return seen;
        })()"""
    )
    assert seen[0][0] < 1_000_000 and not seen[0][1]
    assert seen[-1] == [1_000_000, True]
    assert inked(plot.picture()).mean() > 0.2


def test_a_lost_context_is_restored_as_it_was(plot: Plot) -> None:
    plot.give(CORNERS, [0, 1, 2, 0])
    plot.do("(window.state = Uint8Array.of(0, 2, 1, 0), panel.setState(state), plot.camera.zoom(0.9))")
    before = plot.picture()
    plot.page.evaluate(
        """async () => {
          const canvas = document.querySelector("canvas");
          window.extension = canvas.getContext("webgl2").getExtension("WEBGL_lose_context");
          const lost = new Promise(done => canvas.addEventListener("webglcontextlost", done));
          extension.loseContext();
          await lost;
          panel.pick(200, 200);
          plot.camera.pan(1, 0);
          plot.camera.pan(-1, 0);
          await new Promise(requestAnimationFrame);
          const back = new Promise(done => canvas.addEventListener("webglcontextrestored", done));
          extension.restoreContext();
          await back;
        }"""
    )
    plot.do("null")
    assert np.abs(plot.picture() - before).max() <= 2
    assert inked(before).sum() > 100


def test_without_webgl_a_canvas_draws_the_same_picture(plot: Plot) -> None:
    states = [0, OUTLINED, HIDDEN, 0, HOVERED]
    rows = [*CORNERS, [32768, 32768]]
    pictures = []
    for refuse in (False, True):
        plot.page.reload()
        plot.page.wait_for_function("window.scatter")
        plot.give(rows, [0, 1, 2, 9, 2], refuse=refuse)
        plot.do("panel.setState(Uint8Array.from(given))", states)
        assert plot.page.evaluate("plot.stats.renderer") == ("canvas" if refuse else "webgl")
        pictures.append(plot.picture())
    away = np.abs(pictures[0] - pictures[1]).max(-1)
    assert (away > 100).sum() < 60  # edges only
    assert inked(pictures[1], BLACK).sum() > 20


def test_the_canvas_draws_a_fair_sample_and_says_so(plot: Plot) -> None:
    plot.give([[0, 0]], [0], refuse=True)
    stats = plot.do(
        """(() => {
          const n = 60_000, stored = new Uint16Array(2 * n);
          for (let i = 0; i < n; i++) { stored[2 * i] = 65535 * i / n; stored[2 * i + 1] = 65535 * ((i * 0.6180339887) % 1); }
          panel.setPoints({ dims: 2, to: { stored, scale: 1, offset: 0 } });
        })()"""
    )
    stats = plot.page.evaluate("plot.stats")
    assert stats == {"renderer": "canvas", "drawn": 20_000, "total": 60_000, "settled": True}
    columns = inked(plot.picture())[:, 30:370].sum(0)
    assert columns.min() > 0.5 * columns.mean()


def test_the_picture_can_be_saved(plot: Plot) -> None:
    plot.give(CORNERS, [0, 1, 2, 0])
    size = plot.do("plot.toBlob().then(blob => createImageBitmap(blob)).then(image => [image.width, image.height])")
    assert size == [400, 400]
    colours = plot.do(
        """plot.toBlob().then(blob => createImageBitmap(blob)).then(image => {
          const canvas = Object.assign(document.createElement("canvas"), { width: 400, height: 400 });
          const context = canvas.getContext("2d");
          context.drawImage(image, 0, 0);
          const [x, y] = panel.where(2);
          return [...context.getImageData(x, y, 1, 1).data, context.getImageData(200, 200, 1, 1).data[3]];
        })"""
    )
    assert colours[2] > 240 and colours[3] > 200, colours
    assert colours[4] == 0  # the ground is the page's
