"""What the methods of one call are called in the page and in tags: by their class, and by parameters where several are of one class."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tb_explain.methods import Method

_LONGEST = 40  # characters of a parameter


def titles(methods: Sequence[Method]) -> list[str]:
    """`Occlusion`; beside another `Occlusion` also the parameters by which it differs, unless they are the defaults:
    `Occlusion(baseline='blur')`. Layers are told elsewhere, so methods that look at different ones need nothing more.
    """
    return [_title(method, [one for one in methods if _may_meet(one, method)]) for method in methods]


def _may_meet(one: Method, other: Method) -> bool:
    """Whether both are of one class and may look at the same layer."""
    a, b = (_layers(method) for method in (one, other))
    return type(one) is type(other) and (a is None or b is None or not a.isdisjoint(b))


def _layers(method: Method) -> set[str] | None:
    given = getattr(method, "layer", None)
    return (
        None if given is None else {repr(layer) for layer in (given if isinstance(given, (list, tuple)) else [given])}
    )


def _title(method: Method, alike: Sequence[Method]) -> str:
    told = []
    for field in dataclasses.fields(method) if len(alike) > 1 else ():
        if not field.repr or field.name == "layer":
            continue
        value, *values = (repr(getattr(one, field.name)) for one in (method, *alike))
        if value != repr(field.default) and {value} != {*values}:
            told.append(f"{field.name}={value[:_LONGEST]}")
    return type(method).__name__ + (f"({', '.join(told)})" if told else "")


def as_part_of_tag(title: str) -> str:
    """In the characters that tags of summaries may have: `occlusion-baseline-blur`."""
    return re.sub(r"[^-\w.]+", "-", title).strip("-").lower()
