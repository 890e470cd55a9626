"""What an image is to maximise: channels, neurons, directions, classes, and sums of them, as objects or as text."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from tb_explain.methods.layers import Layer, layer_names

Place: TypeAlias = 'tuple[int, ...] | Literal["centre"] | None'
"""A position (y, x) or (z, y, x) of a layer's grid, the one in the middle, or None: the mean over all positions."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What a network made of one image."""

    layers: dict[str, Tensor]
    """[C, *sites] of each layer, with its graph."""
    scores: Tensor | None
    """[K]: of each class before softmax; None: the pass ended before them."""


class Objective:
    """What to maximise. `a + b`, `a - b`, `0.5 * a` are objectives too; `str(a)` is the text that `parsed` reads, where there is one."""

    def layers(self) -> frozenset[str]:
        """Dotted names of the layers it looks at, when `bound`."""
        return frozenset()

    def of_class(self) -> bool:
        """Whether it looks at the scores, for which the whole network must run."""
        return False

    def starts(self) -> int:
        """From how many random images without a gradient it is taken for dead."""
        return _starts(None)

    def bound(self, model: nn.Module) -> Objective:
        """The same with layers by their dotted names in a bare model. Raises ValueError for one that is not in it."""
        return self

    def score(self, seen: Seen) -> Tensor:
        """One number [], with its graph. Raises ValueError where the network has no such channel, position or class."""
        raise NotImplementedError

    def __add__(self, other: Objective) -> Sum:
        return Sum((*_terms(self), *_terms(other)))

    def __sub__(self, other: Objective) -> Sum:
        return self + -1.0 * other

    def __mul__(self, weight: float) -> Sum:
        return Sum(tuple((weight * own, term) for own, term in _terms(self)))

    __rmul__ = __mul__

    def __neg__(self) -> Sum:
        return -1.0 * self


@dataclass(frozen=True)
class Channel(Objective):
    """A layer's channel: the mean of A_k over positions (Erhan et al. 2009), or A_k at one of them, a neuron."""

    layer: Layer
    channel: int
    at: Place = None

    def __str__(self) -> str:
        place = self.at if isinstance(self.at, str) else ",".join(map(str, self.at or ()))
        return f"{_shown(self.layer)}:{self.channel}" + (f"@{place}" if place else "")

    def layers(self) -> frozenset[str]:
        return frozenset({str(self.layer)})

    def starts(self) -> int:
        return _starts(self.at)

    def bound(self, model: nn.Module) -> Channel:
        return dataclasses.replace(self, layer=_named(model, self.layer))

    def score(self, seen: Seen) -> Tensor:
        A = seen.layers[str(self.layer)]
        if not 0 <= self.channel < len(A):
            raise ValueError(f"layer {self.layer!r} has channels 0 to {len(A) - 1}, got {self.channel}")
        return _at(self.at, A[self.channel], self.layer)


@dataclass(frozen=True)
class Direction(Objective):
    """A direction v in a layer's channels: the mean over positions of Σ_k v_k A_k, or this sum at one of them."""

    layer: Layer
    vector: Sequence[float] | Tensor
    at: Place = None

    def __post_init__(self) -> None:
        # As numbers, so that directions can be compared as all objectives can.
        vector = torch.as_tensor(self.vector).detach().double()
        if vector.ndim != 1 or not vector.isfinite().all() or not vector.any():
            raise ValueError(f"a direction must be a finite vector [C] that is not zero, got {list(vector.shape)}")
        object.__setattr__(self, "vector", tuple(vector.tolist()))

    def __str__(self) -> str:
        return f"direction in {_shown(self.layer)}"

    def layers(self) -> frozenset[str]:
        return frozenset({str(self.layer)})

    def starts(self) -> int:
        return _starts(self.at)

    def bound(self, model: nn.Module) -> Direction:
        return dataclasses.replace(self, layer=_named(model, self.layer))

    def score(self, seen: Seen) -> Tensor:
        A = seen.layers[str(self.layer)]
        v = torch.tensor(self.vector, dtype=A.dtype, device=A.device)
        if len(v) != len(A):
            raise ValueError(
                f"layer {self.layer!r} has {len(A)} channels, the direction {len(v)}; give one number each"
            )
        return _at(self.at, torch.tensordot(v, A, 1), self.layer)


@dataclass(frozen=True)
class ClassScore(Objective):
    """The score of a class before softmax (Simonyan et al. 2014): probabilities saturate, and their gradients with them."""

    index: int

    def __str__(self) -> str:
        return f"class:{self.index}"

    def of_class(self) -> bool:
        return True

    def score(self, seen: Seen) -> Tensor:
        assert seen.scores is not None
        if not 0 <= self.index < len(seen.scores):
            raise ValueError(f"the model has classes 0 to {len(seen.scores) - 1}, got {self.index}")
        return seen.scores[self.index]


@dataclass(frozen=True)
class Sum(Objective):
    """A weighted sum of objectives."""

    terms: tuple[tuple[float, Objective], ...]

    def __str__(self) -> str:
        first = True
        text = ""
        for weight, term in self.terms:
            sign = ("-" if weight < 0 else "") if first else (" - " if weight < 0 else " + ")
            text += sign + (f"{abs(weight):g} * " if abs(weight) != 1 or (first and weight < 0) else "") + str(term)
            first = False
        return text

    def layers(self) -> frozenset[str]:
        return frozenset().union(*(term.layers() for _, term in self.terms))

    def of_class(self) -> bool:
        return any(term.of_class() for _, term in self.terms)

    def starts(self) -> int:
        return max(term.starts() for _, term in self.terms)

    def bound(self, model: nn.Module) -> Sum:
        return Sum(tuple((weight, term.bound(model)) for weight, term in self.terms))

    def score(self, seen: Seen) -> Tensor:
        return torch.stack([weight * term.score(seen) for weight, term in self.terms]).sum()


def parsed(text: str) -> Objective:
    """An objective from text. Raises ValueError for what is none.

        objective  term, or terms with ` + ` or ` - ` between them
        term       `LAYER:CHANNEL`, `LAYER:CHANNEL@Y,X` (a neuron), `LAYER:CHANNEL@centre` or `class:INDEX`; before it a number and `*`

    So `layer4:17`, `layer4:17@3,5`, `class:281`, `class:281 - 0.5 * class:282`.
    """
    pieces = re.split(r"\s+([+-])\s+", text.strip())
    terms = [_term(piece, text) for piece in pieces[::2]]
    signs = [1, *(1 if sign == "+" else -1 for sign in pieces[1::2])]
    if len(terms) == 1 and terms[0][0] == 1:
        return terms[0][1]
    return Sum(tuple((sign * weight, term) for sign, (weight, term) in zip(signs, terms, strict=True)))


_TERM = re.compile(
    r"(?:(?P<weight>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*\*\s*)?"
    r"(?P<layer>[^\s:@*]+):(?P<channel>\d+)(?:@(?P<at>centre|\d+(?:,\d+)*))?"
)


def _term(piece: str, text: str) -> tuple[float, Objective]:
    found = _TERM.fullmatch(piece)
    if found is None or (found["layer"] == "class" and found["at"]):
        raise ValueError(
            f"objective {text!r} is not understood at {piece!r}; "
            "expected 'layer:channel', 'layer:channel@y,x' or 'class:index', such as 'layer4:17', 'layer4:17@3,5' or 'class:281'"
        )
    weight = float(found["weight"] or 1)
    if found["layer"] == "class":
        return weight, ClassScore(int(found["channel"]))
    at: Place = None
    if found["at"]:
        at = "centre" if found["at"] == "centre" else tuple(map(int, found["at"].split(",")))
    return weight, Channel(found["layer"], int(found["channel"]), at)


def _terms(objective: Objective) -> tuple[tuple[float, Objective], ...]:
    if not isinstance(objective, Objective):
        raise TypeError(f"objectives are added to objectives, got {type(objective).__name__}")
    return objective.terms if isinstance(objective, Sum) else ((1.0, objective),)


def _named(model: nn.Module, layer: Layer) -> str:
    names = layer_names(model, layer)
    assert names is not None
    return names[0]


def _shown(layer: Layer) -> str:
    return layer if isinstance(layer, str) else type(layer).__name__


def _starts(place: Place) -> int:
    # Half of all images leave a neuron behind a rectifier silent; a channel has many chances in each.
    return 5 if place is None else 12


def _at(place: Place, A_k: Tensor, layer: Layer) -> Tensor:
    if place is None:
        return A_k.mean()
    at = tuple(extent // 2 for extent in A_k.shape) if place == "centre" else place
    if len(at) != A_k.ndim or not all(0 <= i < extent for i, extent in zip(at, A_k.shape, strict=True)):
        raise ValueError(f"layer {layer!r} has {' x '.join(map(str, A_k.shape))} positions, so none at {place}")
    return A_k[tuple(at)]
