"""Runs and series in the words of docs/http.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tb_explain.plugin.http import to_json
from tb_explain.records import RunIndex, Series
from tb_explain.records import explain_pb2 as pb
from tb_explain.records.listing import NO_STEPS, Cursor, Page, RecordKey, Steps

_NEWEST_FAILURES = 20
_CALENDAR = 8.64e12  # seconds before and after 1970 that are dates in JavaScript


class Descriptions:
    """Runs as JSON, each described anew only when more or less is known of it: many clients ask again and again."""

    def __init__(self) -> None:
        self._known: Mapping[str, tuple[RunIndex, int, str]] = {}

    def of(self, runs: Mapping[str, RunIndex]) -> list[str]:
        """By name."""
        before, now = self._known, {}
        for name, run in sorted(runs.items()):
            version = run.version  # before it is described: what is read meanwhile is described the next time
            known = before.get(name)
            same = known is not None and known[:2] == (run, version)
            now[name] = known if known and same else (run, version, to_json(describe(name, run)))
        self._known = now
        return [text for _, _, text in now.values()]


def describe(name: str, run: RunIndex) -> dict[str, Any]:
    """A run as the answer of `runs` has it."""
    counts = run.counts()
    return {
        "run": name,
        "epoch": f"{run.epoch:x}",
        "series": [
            {
                "tag": series.declaration.tag,
                "kind": pb.Kind.Name(series.declaration.kind),
                "method": series.declaration.method,
                "layer": series.declaration.layer,
                "parameters": series.declaration.parameters,
                "description": series.declaration.description,
                "records": series.length,
            }
            for series in run.series()
            if series.declaration.kind in pb.Kind.values()
        ],
        "counts": {
            "unknown": counts.unknown,
            "damaged": counts.damaged,
            "failed": counts.failed,
            "dropped": counts.dropped,
        },
        "failures": [
            {
                "tag": entry.failure.tag,
                "step": entry.step,
                "wall_time": _times(np.float64(entry.wall_time)),
                "message": entry.failure.message,
                "detail": entry.failure.detail,
                "dropped": entry.failure.dropped,
            }
            for entry in run.failures()[-_NEWEST_FAILURES:]
        ],
    }


def list_records(run: RunIndex, kinds: list[int], tags: list[str], after: Cursor | None) -> dict[str, object]:
    """Records of series of these kinds and tags (none: of any), as the answer of `steps` has them."""
    return describe_page(run.page(lambda one: one.kind in kinds and (not tags or one.tag in tags), after), tags)


def describe_page(page: Page, tags: Sequence[str] = ()) -> dict[str, Any]:
    """A part of a listing as the answer of `steps` has it; the series in the order of the tags, if any are given."""
    listed = sorted(page.series, key=lambda series: tags.index(series.declaration.tag)) if tags else page.series
    return {
        "series": [
            _describe_steps(series, page.steps.get(series.number, NO_STEPS))
            for series in listed
            if page.anew or series.number in page.steps
        ],
        "parts": [key_text(key) for key in page.parts],
        "next": f"{page.cursor.epoch:x}-{page.cursor.arrival}",
        "more": page.more,
        "anew": page.anew,
    }


def _describe_steps(series: Series, steps: Steps) -> dict[str, object]:
    return {
        "tag": series.declaration.tag,
        "kind": pb.Kind.Name(series.declaration.kind),
        "steps": steps.step.tolist(),
        "wall_times": _times(steps.wall_time),
        "counts": steps.count.tolist(),
        "keys": [key_text(key) for key in steps.keys],
    }


def key_text(key: RecordKey) -> str:
    """A key as answers have it."""
    return f"{key.segment}-{key.entry}"


def _times(seconds: Any) -> Any:
    """As JSON and calendars have them: what is no number, or no date, becomes 0. Anyone may have logged anything."""
    return np.where(np.abs(seconds) <= _CALENDAR, seconds, 0.0).tolist()
