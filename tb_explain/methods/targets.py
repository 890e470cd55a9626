"""Which output of a model is explained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor


@dataclass(frozen=True)
class Top:
    """The k most probable classes of each sample, most probable first."""

    k: int


Targets: TypeAlias = "None | int | Sequence[int] | Sequence[Sequence[int]] | Tensor | Top | Callable[[Any], Tensor] | Sequence[Callable[[Tensor], Tensor]]"
"""What to explain.

- `None`: the predicted class of each sample.
- an int: this class, for every sample.
- N ints, or an int tensor [N]: one class a sample.
- N rows of T ints, or an int tensor [N, T]: T classes a sample.
- `Top(k)`: the k most probable classes of each sample.
- a callable: maps the model's whole output to one score a sample, [N].
- N callables: each maps one sample's row of the output to a score.
"""


def class_scores(output: Any) -> Tensor:
    """The scores [N, K] in a model's output: a tensor, the `logits` or `out` of a structure, or the first of a tuple.

    A single-logit head [N, 1] becomes two classes with the scores -z and +z. Raises TypeError or ValueError for other outputs.
    """
    scores = output
    if not isinstance(scores, Tensor):
        named = output if isinstance(output, dict) else getattr(output, "__dict__", {})
        found = [named[key] for key in ("logits", "out") if key in named]
        if not found and isinstance(output, (tuple, list)):
            found = [item for item in output if isinstance(item, Tensor)]
        if not found or not isinstance(found[0], Tensor):
            raise TypeError(
                f"the model returned {type(output).__name__} in which no scores were found; "
                "expected a tensor [N, classes], or give a callable as target that computes one score a sample"
            )
        scores = found[0]
    if scores.ndim != 2:
        raise ValueError(
            f"the model's output has shape {list(scores.shape)}, expected [N, classes]; "
            "give a callable as target that computes one score a sample"
        )
    return torch.cat([-scores, scores], 1) if scores.shape[1] == 1 else scores


def class_probabilities(output: Any) -> Tensor:
    """Softmax of the scores, float32 [N, K]; for a single-logit head the sigmoid of both classes' scores."""
    scores = class_scores(output).float()
    binary = isinstance(output, Tensor) and output.shape[1] == 1
    return scores.sigmoid() if binary else scores.softmax(1)


@dataclass(frozen=True)
class Resolved:
    """Targets of a batch: class indices [N, T] (-1: none), and the scores [N, T] to explain."""

    classes: Tensor
    scores: Tensor
    several: bool
    """Whether the caller asked for an axis T."""


def is_callable_list(targets: Targets) -> bool:
    """Whether there is one callable a sample."""
    return isinstance(targets, Sequence) and len(targets) > 0 and all(callable(target) for target in targets)


def slice_targets(targets: Targets, n: int, part: slice) -> Targets:
    """The targets of some of the n samples. Raises ValueError when there is not one for each sample."""
    if targets is None or isinstance(targets, (int, Top)) or callable(targets):
        return targets
    if len(targets) != n:
        raise ValueError(
            f"got {len(targets)} targets for {n} images; give one a sample, one int for all, or None for the predicted"
        )
    return targets[part]


def resolve(targets: Targets, output: Any) -> Resolved:
    """Look the targets up in a model's output. Raises TypeError or ValueError when they do not fit it."""
    if callable(targets) or is_callable_list(targets):
        scores = _called(targets, output)
        return Resolved(torch.full((len(scores), 1), -1), scores[:, None], several=False)
    every = class_scores(output)
    n, k = every.shape
    several = False
    if targets is None:
        classes = every.argmax(1, keepdim=True)
    elif isinstance(targets, Top):
        several = True
        classes = every.topk(min(targets.k, k), 1).indices
    else:
        given = torch.as_tensor(targets, device=every.device)
        if given.is_floating_point() or given.dtype == torch.bool or given.is_complex():
            raise TypeError(f"targets must be class indices (integers), got {given.dtype}")
        if given.ndim > 2:
            raise ValueError(f"targets must have shape [], [N] or [N, T], got {list(given.shape)}")
        several = given.ndim == 2
        classes = given.long().expand(n).unsqueeze(1) if given.ndim == 0 else given.long().reshape(n, -1)
    outside = classes[(classes < 0) | (classes >= k)]
    if len(outside):
        raise ValueError(f"target {int(outside[0])} is out of range: the model has {k} classes, 0 to {k - 1}")
    return Resolved(classes, every.gather(1, classes), several)


def _called(targets: Any, output: Any) -> Tensor:
    if callable(targets):
        scores = targets(output)
    else:
        scores = torch.stack([target(row) for target, row in zip(targets, output, strict=True)])
    if not isinstance(scores, Tensor) or scores.ndim != 1:
        got = list(scores.shape) if isinstance(scores, Tensor) else type(scores).__name__
        raise ValueError(f"a target callable must return one score a sample, a tensor [N], got {got}")
    return scores
