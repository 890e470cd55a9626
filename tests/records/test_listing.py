"""What purges hide, beside a loop that does what docs/file-format.md says; and that pages together list what there is at once."""

from __future__ import annotations

import math
import random
from itertools import product

import numpy as np
import pytest

from tb_explain.records import explain_pb2 as pb
from tb_explain.records.listing import Cursor, Listing, Part, Purge, Series
from tb_explain.records.rows import RECORD

SERIES = [Series(0, pb.Series(tag="a")), Series(1, pb.Series(tag="b"))]


def parts_of(choose: random.Random, count: int) -> list[Part]:
    """Of few moments, sessions and ranks, so that they meet; records arrive in turns."""
    arrivals = list(range(count * 6))
    choose.shuffle(arrivals)
    found = []
    for i in range(count):
        purges = sorted(choose.sample(range(12), choose.choice([0, 0, 1, 3])))
        rows = np.zeros(choose.randrange(7), RECORD)
        rows["arrival"] = sorted(arrivals.pop() for _ in rows)
        rows["entry"] = sorted(choose.sample([entry for entry in range(12) if entry not in purges], len(rows)))
        rows["step"] = [choose.randrange(8) for _ in rows]
        rows["series"] = [choose.randrange(2) for _ in rows]
        when = [0.0, 1.0, 1.0, 2.0, 3.0]
        found.append(
            Part(
                name=f"{i}",
                path=f"{i}",
                created=choose.choice(when),
                by=(choose.choice(["", "x", "y"]), choose.randrange(3)),
                entry=0,
                purges=tuple(
                    Purge(entry, choose.randrange(1, 8), choose.choice([*when, math.nan, math.inf])) for entry in purges
                ),
                rows=rows,
            )
        )
    return found


def shown(parts: list[Part]) -> set[tuple[str, int]]:
    """Segment and entry of every record that no purge hides."""
    found = set()
    for part in parts:
        hiding = [
            purge.step
            for other in parts
            for purge in other.purges
            if other is not part
            and purge.time > part.created
            and not (part.by[0] and other.by[0] == part.by[0] and other.by[1] != part.by[1])
        ]
        for row in part.rows:
            after = [purge.step for purge in part.purges if purge.entry > row["entry"]]
            if all(row["step"] < step for step in hiding + after):
                found.add((part.name, int(row["entry"])))
    return found


@pytest.mark.parametrize("seed", range(200))
def test_what_is_listed_is_what_no_purge_hides(seed: int) -> None:
    choose = random.Random(seed)
    parts = parts_of(choose, choose.randrange(1, 9))
    listing = Listing(parts, SERIES, Cursor(1, len(parts) * 6))
    assert {key for series in (0, 1) for key in listing.all(series).keys} == shown(parts)


def test_pages_list_what_there_is_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tb_explain.records.listing._PAGE", 4)
    pages = 0
    for seed, series in product(range(20), SERIES):
        parts = parts_of(random.Random(seed), 8)
        listing = Listing(parts, SERIES, Cursor(1, len(parts) * 6))
        tag, found, after, more = series.declaration.tag, [], None, True
        while more:
            page = listing.page(lambda declaration, tag=tag: declaration.tag == tag, after)
            assert set(page.steps) <= {series.number} and page.series == [series]
            found += [key for steps in page.steps.values() for key in steps.keys]
            after, more, pages = page.cursor, page.more, pages + 1
        assert len(found) == len(set(found))
        assert set(found) == set(listing.all(series.number).keys)
    assert pages > 100
