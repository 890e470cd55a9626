"""Leads a browser through the page: goes to a place, waits until everything there is drawn, and takes the picture."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import ElementHandle, FloatRect, Locator, expect

from tests.browser.conftest import ExplainTab

# What makes pictures of one place the same every time. Pictures are looked at on dense screens, too.
CONTEXT = {"viewport": {"width": 1280, "height": 864}, "device_scale_factor": 1.5, "reduced_motion": "reduce"}
NOWHERE = 640, 20  # in TensorBoard's own bar: nothing there is lit by the pointer
SHADOW = 6  # pixels of the page that TensorBoard's bar darkens
QUALITY = 82  # of WebP: photographs keep their colours, letters their edges

_DRAWN = """async () => {
  await document.fonts.ready;
  const images = [...document.images].filter(image => image.loading !== "lazy" && image.checkVisibility());
  await Promise.all(images.map(image => image.decode().catch(() => {})));
  for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
}"""


@dataclass
class Guide:
    """One page of a browser, on its way through the views."""

    tab: ExplainTab
    pictures: Path | None = None  # where they go; None: none are taken

    def go(self, view: str, *, panes: bool = True, **state: str) -> None:
        """Go to a view by the address, as a link would; whatever is not given is as at first. The panes at both sides are shown or not."""
        values = "".join(
            f"&p.tb_explain.{key}={quote(value, safe=',')}" for key, value in {"view": view, **state}.items()
        )
        self.tab.page.evaluate("hash => { location.hash = hash; }", f"#tb_explain{values}")
        expect(self.tab.part(f"view-{view}")).to_have_attribute("aria-selected", "true")
        for name in ("Runs and filters", "Overlay settings"):
            pane = self.tab.frame.locator(".top-bar").get_by_role("button", name=name)
            if pane.get_attribute("aria-expanded") != str(panes).lower():
                pane.click()
        self.tab.page.mouse.move(*NOWHERE)
        self.drawn()

    def drawn(self) -> None:
        """Wait until what was asked for is on screen."""
        expect(self.tab.frame.locator('[aria-busy="true"]')).to_have_count(0)
        expect(self.tab.frame.locator(".waiting, .progress[data-busy]")).to_have_count(0)
        self.tab.frame.evaluate(_DRAWN)

    def scrub(self, *shares: float, slider: str = "step-slider") -> None:
        """Drag the step slider over these shares of its length."""
        box = self.box(self.tab.part(slider))
        mouse = self.tab.page.mouse
        for i, share in enumerate(shares):
            mouse.move(box["x"] + 8 + share * (box["width"] - 16), box["y"] + box["height"] / 2, steps=4)
            if i == 0:
                mouse.down()
        mouse.up()
        self.drawn()

    def circle(self, x: float, y: float, radius: float) -> None:
        """Draw a circle with the mouse."""
        mouse = self.tab.page.mouse
        for i, angle in enumerate(np.linspace(0, 2 * np.pi, 40)):
            wave = 1 + 0.06 * np.sin(5 * angle)  # as a hand would
            mouse.move(x + wave * radius * np.cos(angle), y + wave * radius * np.sin(angle))
            if i == 0:
                mouse.down()
        mouse.up()
        self.drawn()

    def point_at(self, part: Locator, x: float = 0.5, y: float = 0.5) -> tuple[float, float]:
        """Move the pointer to a place of what is shown, in shares of its width and height; where that is on the page."""
        box = self.box(part)
        at = box["x"] + x * box["width"], box["y"] + y * box["height"]
        self.tab.page.mouse.move(at[0] - 3, at[1])
        self.tab.page.mouse.move(*at)
        return at

    def box(self, part: Locator | ElementHandle) -> dict[str, float]:
        """Where something is on the page, brought on screen if need be."""
        part.scroll_into_view_if_needed()
        box = part.bounding_box()
        assert box, f"{part} is not on screen"
        return dict(box)

    def seen(self, part: Locator) -> NDArray[np.uint8]:
        """The pixels of a part of the page, one a CSS pixel, [h, w, RGB]."""
        return np.array(Image.open(io.BytesIO(part.screenshot(scale="css"))).convert("RGB"))

    def picture(self, name: str, part: Locator | None = None, *, whole: bool = False) -> None:
        """Keep the page, or a part of it, as docs/images/<name>.webp. TensorBoard's own bar is left out unless it shall be `whole`."""
        if self.pictures is None:
            return
        page = self.tab.page
        box = self.box(part or (page.locator("body") if whole else self.tab.frame.frame_element()))
        if part is None and not whole:
            box |= {"y": box["y"] + SHADOW, "height": box["height"] - SHADOW}
        clip = FloatRect(**box)
        shot = page.screenshot(clip=clip)
        while shot != (shot := page.screenshot(clip=clip)):  # what fades, fades out
            pass
        Image.open(io.BytesIO(shot)).convert("RGB").save(self.pictures / f"{name}.webp", quality=QUALITY, method=6)
