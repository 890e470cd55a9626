"""The one table that all benchmarks end in: ours beside another way to the same end, or beside the least that it can cost."""

from __future__ import annotations

import html
import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

HEADINGS = ("", "ours", "against", "ratio", "what it means")


@dataclass(frozen=True)
class Row:
    """One line: `ours` and `against` in the same `unit`. What stands alone has nothing to compare with and says what it is worth."""

    name: str  # what is done, and to what
    ours: float
    unit: str
    against: float | None = None
    other: str = ""  # whose figure `against` is: a package, "by hand", or "floor: " and what cannot be done without
    ratio: float | None = (
        None  # ours to the other's; given where it is the median of rounds rather than of these two figures
    )
    meaning: str = ""  # one clause for whoever did not write the benchmark
    part: str = ""  # the module, filled in by whoever runs it

    def cells(self) -> tuple[str, ...]:
        """As they are read: name, ours, against, ratio, meaning."""
        ratio = self.ratio
        if ratio is None and self.against:
            ratio = self.ours / self.against
        against = "" if self.against is None else f"{amount(self.against, self.unit)} {self.other}".strip()
        return (
            self.name,
            amount(self.ours, self.unit),
            against,
            "" if ratio is None else f"{rounded(ratio)} ×",
            self.meaning,
        )


def amount(value: float, unit: str) -> str:
    """With its unit; seconds are told in milliseconds when they are few."""
    if unit == "s" and 0 < abs(value) < 0.1:
        value, unit = value * 1000, "ms"
    return f"{rounded(value)} {unit}".strip()


def rounded(value: float) -> str:
    """Three digits that mean something."""
    if not math.isfinite(value) or value == 0:
        return "none" if value else "0"
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{places}f}".replace(",", " ")
    return text.rstrip("0").rstrip(".") if places > 2 else text


def as_text(rows: Sequence[Row]) -> str:
    """For a terminal: parts below each other, columns in line."""
    cells = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(_width(line[i]) for line in cells) for i in range(len(HEADINGS) - 1)]

    def line(of: Sequence[str]) -> str:
        return "  ".join([*(_padded(cell, n) for cell, n in zip(of, widths, strict=False)), of[-1]]).rstrip()

    lines, part = [line(HEADINGS)], ""
    for row in rows:
        if row.part != part:
            lines += ["", row.part]
            part = row.part
        lines.append(line(row.cells()))
    return "\n".join(lines)


def as_markdown(rows: Sequence[Row]) -> str:
    """For docs/performance.md."""
    lines = ["| part | | ours | against | ratio | what it means |", "|---|---|---|---|---|---|"]
    part = ""
    for row in rows:
        name, ours, against, ratio, meaning = (
            html.escape(cell, quote=False).replace("|", "\\|") for cell in row.cells()
        )
        lines.append(
            f"| {'' if row.part == part else row.part} | {name} | **{ours}** | {against} | {ratio} | {meaning} |"
        )
        part = row.part
    return "\n".join(lines)


def _width(text: str) -> int:
    return sum(not unicodedata.combining(character) for character in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
