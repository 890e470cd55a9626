"""Quality figures of a probe's explanations, and how these drift: what is stored with the maps, and the scalars beside the loss."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tb_explain.payloads.samples import Figure

if TYPE_CHECKING:
    from torch import Tensor

    from tb_explain.methods import Explained
    from tb_explain.methods.quality import FigureValues
    from tb_explain.probe import Probe


class Drift:
    """Remembers, of each series, the maps of the last step that was logged."""

    def __init__(self) -> None:
        self._last: dict[str, Explained] = {}

    def since_last(self, tag: str, result: Explained) -> list[FigureValues]:
        """What has changed since the last call for this series; nothing at the first call, or when other images were explained."""
        from tb_explain.methods import Attribution, Explained
        from tb_explain.methods.quality import drift

        about = {f.name: getattr(result, f.name) for f in dataclasses.fields(Explained)}
        now = Attribution(maps=result.maps.detach().cpu(), **about)
        last = self._last.get(tag)
        self._last[tag] = now
        if last is None or last.maps.shape != now.maps.shape or last.input_size != now.input_size:
            return []
        return drift(last, now)


def stored(result: Explained, values: Sequence[FigureValues], n: int) -> list[Figure]:
    """Figures as a payload has them; first what the method itself says about its result."""
    completeness = getattr(result, "completeness", None)
    own = [] if completeness is None else [Figure("completeness", _numbers(completeness, n), better="lower")]
    own += [
        Figure(name, _numbers(errors, n), better="lower") for name, errors in getattr(result, "figures", {}).items()
    ]
    return own + [
        Figure(
            one.name,
            _numbers(one.values, n),
            random=None if one.random is None else _numbers(one.random, n),
            centred=None if one.centred is None else _numbers(one.centred, n),
            better=one.better,
        )
        for one in values
    ]


def scalars(explained: Sequence[tuple[str, Explained, Sequence[Figure]]], probe: Probe) -> Iterator[tuple[str, float]]:
    """Tag and value of each figure, its mean over the maps of which it is known: `explain/<method>/<figure>`, and beside it
    `<figure>_random` and `<figure>_centred`, that of maps of the same resolution that know nothing.

    `explained`: what each method is called, what it found, and its figures. The layer is named where a method looked at several, and the
    probe's name comes first if it has one of its own.
    """
    root = "explain" if probe.name == "probe" else f"explain/{probe.name}"
    several = Counter(method for method, _, _ in explained)
    for method, result, some in explained:
        series = method + (f"/{result.layer}" if several[method] > 1 else "")
        for figure in some:
            tag = f"{root}/{series}/{figure.name.replace(' ', '_').replace('–', '-')}"
            for suffix, values in (("", figure.values), ("_random", figure.random), ("_centred", figure.centred)):
                if values is not None:
                    yield from _mean(tag + suffix, values)
        for name, value in getattr(result, "scalars", {}).items():
            yield f"{root}/{series}/{name}", value
        fit = getattr(result, "r2", None)
        if fit is not None:  # with the weights there is no need of a figure
            yield from _mean(f"{root}/{series}/r2", _numbers(fit, len(probe)))


def _mean(tag: str, values: NDArray[np.float32]) -> Iterator[tuple[str, float]]:
    known = values[np.isfinite(values)]
    if known.size:
        yield tag, float(known.mean())


def _numbers(values: Tensor, n: int) -> NDArray[np.float32]:
    return values.detach().float().cpu().numpy().reshape(n, -1)
