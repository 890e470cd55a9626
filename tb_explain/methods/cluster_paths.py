"""Where images lie in the filter spaces of a network, from layer to layer: their clusters, what these speak for, and where it turns."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import torch
from torch import Tensor

from tb_explain.methods.filter_space import FilterSpace
from tb_explain.methods.receptive_fields import ReceptiveFields
from tb_explain.methods.results import Explained


@dataclass(frozen=True, eq=False)
class ClusterPath:
    """Where N images lie in a layer's filter space."""

    space: FilterSpace
    ids: tuple[int, ...]
    """What its clusters are called, k numbers: one that lies where another lay in the step before keeps its name."""
    assignments: Tensor
    """int64 [N, *s]: the cluster of each position, 0..k-1."""
    evidence: Tensor
    """float32 [N, K]: log P(class | the assignments)."""
    support: Tensor
    """float32 [N, *s]: log P(predicted class | the cluster of that position)."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Clustered(Explained):
    """The positions of one layer by clusters of what its filters say there."""

    order: int
    """Of the layer among those analysed together, from 0, the first in the network."""
    forward: ClusterPath
    """Of what the network computed."""
    feedback: ClusterPath | None
    """Of what a feedback network makes of the class probabilities at this layer."""
    novelty: Tensor
    """float32 [N] in 0..1: how rarely an image that was clustered looks as strange as this at the layer; NaN: not known."""
    turning: Tensor
    """int64 [N]: order of the layer at which the image turns to its predicted class; the number of layers: at the output."""
    stability: float | None
    """Share of the images' positions whose cluster kept its name since the step before; None: there was none."""
    fields: ReceptiveFields | None = field(repr=False)
    """Of the layer's positions; None: no patches were asked for."""

    @property
    def scalars(self) -> dict[str, float]:
        """What to follow over training, by name."""
        found: dict[str, float] = {}
        for prefix, path in (("", self.forward), ("feedback_", self.feedback)):
            if path is not None:
                space = path.space
                found |= {
                    f"{prefix}purity": space.purity,
                    f"{prefix}entropy": space.entropy,
                    f"{prefix}association": space.association,
                }
        return found if self.stability is None else found | {"stability": self.stability}


def turning_layer(votes: Tensor, strange: Tensor, labels: Tensor) -> Tensor:
    """int64 [N]: where images turn to what the network says in the end, as an index of the L layers, or L: at the output.

    That is the first layer whose features are unlike any that were clustered, if there is one. Otherwise it is the layer behind the last that
    votes for the class turned away from: the true one where it is known and not said, else the class, of all that others than
    the predicted have, with most votes (the one voted for first, where several have as many).

    Args:
        votes: int64 [L + 1, N], first layer first; the last row is the predicted class.
        strange: bool [L, N].
        labels: int64 [N], true classes; the predicted one where they are not known.
    """
    predicted = votes[-1]
    found = []
    for mine, unlike, said, label in zip(votes[:-1].T, strange.T, predicted, labels, strict=True):
        away = label
        if label == said:
            others = mine[mine != said]
            counts = (others == others[:, None]).sum(1)
            away = others[int(counts.argmax())] if len(others) else label  # argmax: the first of equals
        if bool(unlike.any()):
            found.append(int(unlike.long().argmax()))
        elif away == said:
            found.append(0)
        else:
            last = (mine == away).nonzero().flatten()
            found.append(int(last[-1]) + 1 if len(last) else 0)
    return torch.tensor(found, dtype=torch.long, device=votes.device)


def named(one: Clustered, turning: Tensor, before: Clustered | None) -> Clustered:
    """With the turning layer, and with the names that the clusters had before."""
    forward, stability = matched(one.forward, None if before is None else before.forward)
    feedback = one.feedback
    if feedback is not None:
        feedback, _ = matched(feedback, None if before is None else before.feedback)
    return dataclasses.replace(one, turning=turning, forward=forward, feedback=feedback, stability=stability)


def matched(now: ClusterPath, before: ClusterPath | None) -> tuple[ClusterPath, float | None]:
    """The names that let the most positions keep theirs (Kuhn, 1955: the Hungarian method), and the share of those that do."""
    from scipy.optimize import linear_sum_assignment

    if before is None or before.assignments.shape != now.assignments.shape:
        return now, None
    shape = before.space.k, now.space.k
    pairs = before.assignments.flatten().to(now.assignments.device) * now.space.k + now.assignments.flatten()
    overlap = torch.bincount(pairs, minlength=shape[0] * shape[1]).reshape(shape).cpu().numpy()
    olds, news = linear_sum_assignment(-overlap)
    kept = {int(new): before.ids[int(old)] for old, new in zip(olds, news, strict=True)}
    unused = iter(sorted(set(range(len(before.ids) + now.space.k)) - set(before.ids)))
    ids = tuple(kept[j] if j in kept else next(unused) for j in range(now.space.k))
    return dataclasses.replace(now, ids=ids), float(overlap[olds, news].sum() / overlap.sum())
