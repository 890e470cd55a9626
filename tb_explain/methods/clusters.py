"""Filter-space clusters: which features a layer finds where, and the layer from which on an image follows its predicted class."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from tb_explain.methods.cluster_paths import Clustered, ClusterPath, named, turning_layer
from tb_explain.methods.features import FeatureBatch, Reservoir, sites, stream
from tb_explain.methods.fields import fields_of
from tb_explain.methods.filter_space import FilterSpace
from tb_explain.methods.k_means import cluster
from tb_explain.methods.layers import Layers, bare, layer_names
from tb_explain.methods.method import SetMethod
from tb_explain.methods.receptive_fields import ReceptiveFields
from tb_explain.methods.results import Explained, Flag, joined
from tb_explain.methods.stages import stages
from tb_explain.methods.tally import Tally
from tb_explain.methods.targets import Targets, outputs_of

if TYPE_CHECKING:
    from tb_explain.methods.feedback import FeedbackNetwork

_log = logging.getLogger("tb_explain")

_VECTORS = 60_000  # of a layer, that k-means is fitted to
_SAMPLE_BYTES = 48 << 20  # what they may take; of a layer of many channels there are fewer
_STRANGE = 0.05  # share of usual images that any layer may take for strange
# Clusters of the layers from first to last, as published for seven; between them interpolated (the output layer: one a class).
_PUBLISHED = (60, 50, 40, 30, 30, 20, 20)


_Key = tuple[str, str]  # layer and path
_PATHS = ("forward", "feedback")


@dataclass(frozen=True, eq=False)
class _Drawn:
    """What one pass over a loader gives."""

    samples: dict[_Key, Reservoir]
    shapes: dict[str, torch.Size]
    """[C, *s] by layer, in the order in which the network calls them."""
    classes: int
    example: Tensor
    """[1, C, *S]: one image."""
    has_output: bool
    """Whether the last layer is the network's output."""


@dataclass(frozen=True)
class FilterClusters(SetMethod):
    """k-means in filter space: clusters of the vectors over channels at all positions of a layer.

    Each cluster is a feature that the layer knows; its classes, its nearest patches and where it lies say which. log P(c | image) is
    the sum over positions u of log P(cluster(u) | c, u), up to a constant, and a layer votes for the class that it favours (naive Bayes);
    `turning_layer` says where an image turns into what it is taken for. With a `feedback` network the same for what it makes of the class probabilities.
    After "Interpretation of Deep CNN Recognition with Filter Space Clustering in Feature Extraction and Reconstruction" (CVPR Workshops).
    """

    layer: Layers = None
    """Dotted names or modules; None: those of `feedback`, or the stages of the network."""
    k: int | str | Sequence[int] | None = None
    """Clusters of each layer; one number for all; "auto": by the silhouette; None: 60 for the first to 20 for the last, K for the output."""
    data: Any = field(default=None, repr=False, compare=False)
    """Loader of batches (images, labels) to cluster, gone through twice; None: the explained images themselves."""
    feedback: FeedbackNetwork | None = field(default=None, repr=False)
    patches: int = 4
    """Real patches of each cluster to keep, those nearest to its centroid."""
    seed: int = 0

    def fit(
        self,
        model: nn.Module,
        data: Any = None,
        *,
        targets: Targets = None,
        last: Sequence[Clustered] | None = None,
    ) -> FilterSpaces:
        """Cluster what a model says about a loader's images, all layers in the same two passes.

        The vectors that k-means sees are a sample, equally many of each class: at most 60 000 a layer and 48 MiB. Statistics and patches
        are of all positions. Where images have no label the predicted class takes its place, as it does on the feedback path.

        Args:
            data: batches `(images, labels)` or `images`; None: the method's own.
            targets: `MultiLabel()` or `Output(name)`, where the model has such outputs.
            last: what an earlier step of the same training gave; its centroids are where k-means starts.

        Raises ValueError when k, layers and data do not fit each other; one sentence says how.
        """
        data = self.data if data is None else data
        if data is None:
            raise ValueError("no data to cluster; give a loader of batches (images, labels)")
        named = self._layers(model, data, targets)
        asked = dict(zip(named, self._asked(len(named)), strict=True))
        drawn = self._drawn(model, data, named, targets)
        names = list(drawn.shapes)
        fields = self._fields(model, names, drawn.example, last) if self.patches else {}
        before = {(one.layer, path): getattr(one, path) for one in last or () for path in _PATHS}
        tallies: dict[_Key, Tally] = {}
        studies = {}
        for name, path in drawn.samples:
            sample = drawn.samples[name, path].sample()
            k = self._k(asked[name], name, drawn, len(sample))
            start = before.get((name, path))
            centroids, studies[name, path] = cluster(
                sample, k, self.seed, None if start is None else start.space.centroids
            )
            found = len(centroids)
            if k != "auto" and found < k:
                _log.warning("layer %r has %d distinct vectors only: %d clusters instead of %d", name, found, found, k)
            tallies[name, path] = Tally.of(
                torch.from_numpy(centroids).to(drawn.example.device),
                drawn.classes,
                tuple(drawn.shapes[name][1:]),
                self.patches,
                fields.get(name) if path == "forward" else None,
            )
        with self._read(model, data, names, targets, "counting clusters") as batches:
            for batch, features in batches:
                shown = [-1] * len(batch.images) if batch.labels is None else batch.labels.tolist()
                for key, values in features.items():
                    tallies[key].add(values, _classes(batch, key[1]), batch.images, shown, batch.first)
        spaces = {key: tally.result(studies[key]) for key, tally in tallies.items()}
        return FilterSpaces(self, names, spaces, fields, drawn.has_output)

    def explain_set(
        self,
        model: nn.Module,
        images: Tensor,
        labels: Tensor | None = None,
        targets: Targets = None,
        last: Sequence[Explained] | None = None,
    ) -> list[Clustered]:
        """Fit to the method's data, or to the images themselves, and find the images' clusters: one result a layer, first to last."""
        before = [one for one in last or () if isinstance(one, Clustered)]
        parts = [slice(start, start + 16) for start in range(0, len(images), 16)]
        own = [(images[part], None if labels is None else labels[part]) for part in parts]
        data = own if self.data is None else self.data
        spaces = self.fit(model, data, targets=targets, last=before)
        return spaces.explain(model, images, targets, labels=labels, last=before)

    def kept(self, found: Sequence[Any]) -> Sequence[Any]:
        """All of it: clusters keep their names."""
        return found

    def _layers(self, model: nn.Module, data: Any, targets: Targets) -> list[str]:
        model = bare(model)
        names = layer_names(model, self.layer)
        if names is None and self.feedback is not None:
            names = list(self.feedback.layers)
        if names is None:
            names = stages(model, data, targets)
        if self.feedback is not None and not set(names) <= set(self.feedback.layers):
            raise ValueError(
                f"the feedback network has codes at {', '.join(self.feedback.layers)}; name layers of these"
            )
        return names

    def _asked(self, layers: int) -> list[Any]:
        """Number of clusters for each layer; None: by the published rule. Raises ValueError for what is no number of clusters."""
        given: list[Any] = list(self.k) if isinstance(self.k, (list, tuple)) else [self.k] * layers
        if len(given) != layers:
            raise ValueError(
                f"got {len(given)} numbers of clusters for {layers} layers; give one a layer, or one for all"
            )
        for k in given:
            if k is not None and k != "auto" and (isinstance(k, (bool, str)) or int(k) != k or k < 1):
                raise ValueError(f'k must be a whole number from 1, "auto" or None; got {k!r}')
        return given

    def _drawn(self, model: nn.Module, data: Any, names: list[str], targets: Targets) -> _Drawn:
        """What k-means is fitted to, from one pass."""
        samples: dict[_Key, Reservoir] = {}
        shapes: dict[str, torch.Size] = {}
        with self._read(model, data, names, targets, "sampling features") as batches:
            for batch, features in batches:
                for (name, path), values in features.items():
                    if shapes.setdefault(name, values.shape[1:]) != values.shape[1:]:
                        raise ValueError(
                            f"layer {name!r} gave {list(values.shape[1:])} after {list(shapes[name])}; give images of one size"
                        )
                    if (name, path) not in samples:
                        capacity = min(_VECTORS, _SAMPLE_BYTES // (4 * values.shape[1]))
                        samples[name, path] = Reservoir(capacity, self.seed)
                    samples[name, path].add(values.flatten(2).mT, _classes(batch, path))
                outputs = batch.resolved.outputs
                latest = list(batch.layers.values())[-1].flatten(1)
        has_output = latest.shape == outputs.shape and torch.equal(latest, outputs)
        return _Drawn(samples, shapes, outputs.shape[1], batch.images[:1], has_output)

    def _k(self, asked: Any, name: str, drawn: _Drawn, vectors: int) -> Any:
        """Clusters of a layer: as many as were asked for, or as is usual. Raises ValueError for more than there are vectors."""
        if asked is None:
            order, layers = list(drawn.shapes).index(name), len(drawn.shapes)
            at_output = drawn.has_output and order == layers - 1
            return drawn.classes if at_output else _published(order, layers - drawn.has_output)
        if asked != "auto" and asked > vectors > 0:
            raise ValueError(
                f"k={asked} clusters of {vectors} vectors at layer {name!r} cannot be; give a smaller k or more images"
            )
        return asked

    def _fields(
        self, model: nn.Module, names: list[str], example: Tensor, last: Sequence[Clustered] | None
    ) -> dict[str, ReceptiveFields]:
        looked = [one for one in last or () if isinstance(one.method, FilterClusters) and one.method.patches]
        return fields_of(model, names, example, {one.layer: one.fields for one in looked}, "patches of clusters")

    @contextmanager
    def _read(
        self, model: nn.Module, data: Any, names: list[str], targets: Targets, doing: str
    ) -> Iterator[Iterator[tuple[FeatureBatch, dict[_Key, Tensor]]]]:
        """Batches, and the features [n, C, *s] of each layer on each path."""

        def found(batches: Iterator[FeatureBatch]) -> Iterator[tuple[FeatureBatch, dict[_Key, Tensor]]]:
            for batch in batches:
                features = {(name, "forward"): values for name, values in batch.layers.items()}
                if self.feedback is not None:
                    size = tuple(batch.images.shape[2:])
                    codes = self.feedback.codes(batch.images).feedback
                    n = len(batch.images)
                    features |= {(name, "feedback"): sites(name, codes[name], n, size) for name in batch.layers}
                yield batch, features

        with stream(model, data, names, outputs_of(targets), doing=doing) as batches:
            yield found(batches)


@dataclass(frozen=True, eq=False)
class FilterSpaces:
    """The filter spaces of some layers of a network, as `FilterClusters.fit` found them; images can be looked up in them."""

    method: FilterClusters
    layers: list[str]
    spaces: dict[_Key, FilterSpace]
    """By layer and path, "forward" or "feedback"."""
    fields: dict[str, ReceptiveFields]
    has_output: bool
    """Whether the last of the layers is the network's output."""

    def explain(
        self,
        model: nn.Module,
        images: Tensor,
        targets: Targets = None,
        labels: Tensor | None = None,
        last: Sequence[Clustered] | None = None,
    ) -> list[Clustered]:
        """The clusters of images [N, C, *S] at each layer, first to last.

        `labels` [N] are true classes, which say what an image turns away from. `last`: what this gave for the same images a step before.
        """
        parts = []
        with self.method._read(model, images, self.layers, targets, "finding clusters") as batches:
            for batch, features in batches:
                parts.append(self._of_batch(batch, features))
        found = [joined(of_layer) for of_layer in zip(*parts, strict=True)]
        inner = found[:-1] if self.has_output else found
        predicted = found[0].predicted
        votes = torch.stack([*(one.forward.evidence.argmax(1) for one in inner), predicted])
        strange = (
            torch.stack([one.novelty for one in inner]) < _STRANGE / max(len(inner), 1) if inner else votes[:0] > 0
        )
        turning = turning_layer(votes, strange, predicted if labels is None else labels.to(predicted))
        before = {one.layer: one for one in last or ()}
        return [named(one, turning, before.get(one.layer)) for one in found]

    def _of_batch(self, batch: FeatureBatch, features: dict[_Key, Tensor]) -> list[Clustered]:
        resolved = batch.resolved
        found = []
        for order, name in enumerate(self.layers):
            paths = {}
            for key, space in self.spaces.items():
                if key[0] == name:
                    assignments, distances = space.assign(features[key])
                    said, support = space.evidence(assignments, resolved.predicted)
                    names = tuple(range(space.k))
                    paths[key[1]] = ClusterPath(space, names, assignments, said.log_softmax(1), support)
                    if key[1] == "forward":
                        novelty = space.novelty(distances, said)
            finite = features[name, "forward"].flatten(1).isfinite().all(1)
            found.append(
                Clustered(
                    targets=resolved.predicted,
                    probabilities=resolved.predicted_probabilities,
                    outputs=resolved.outputs,
                    predicted=resolved.predicted,
                    predicted_probabilities=resolved.predicted_probabilities,
                    flags=torch.where(finite, int(Flag.OK), int(Flag.NOT_FINITE)).to(torch.uint8),
                    method=self.method,
                    layer=name,
                    input_size=tuple(batch.images.shape[2:]),
                    order=order,
                    forward=paths["forward"],
                    feedback=paths.get("feedback"),
                    novelty=novelty,
                    turning=torch.full_like(resolved.predicted, -1),
                    stability=None,
                    fields=self.fields.get(name),
                )
            )
        return found


def _classes(batch: FeatureBatch, path: str) -> Tensor:
    """int64 [n]: what an image counts as."""
    if path == "feedback" or batch.labels is None:
        return batch.resolved.predicted
    return batch.labels.to(batch.images.device)


def _published(order: int, layers: int) -> int:
    at = order / (layers - 1) if layers > 1 else 1.0
    return round(float(np.interp(at, np.linspace(0, 1, len(_PUBLISHED)), _PUBLISHED)))
