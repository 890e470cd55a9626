"""`tb_explain.explain`: what is explained when nobody has said what, images spread over a loader, by methods that need no choosing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from tb_explain.probe import Probe
from tb_explain.writer import ExplainWriter

try:
    import torch
    from torch import Tensor, nn
    from torch.utils.data import DataLoader, IterableDataset, Subset

    from tb_explain.methods import Activations, FilterClusters, GradCAM, GuidedGradCAM, Method, Projection
    from tb_explain.methods.features import same_draws
    from tb_explain.methods.layers import bare
    from tb_explain.methods.loader import labelled
    from tb_explain.methods.network import undisturbed
    from tb_explain.methods.quality import Insertion
    from tb_explain.methods.rectifiers import Rectifiers
except ImportError as error:
    raise ImportError('explaining needs PyTorch: pip install "tb-explain[train]"') from error

_FOLLOWED = 30  # images that each method explains
_SURVEYED = 2000  # images for what takes many: projection, channels, clusters
_BYTES = 256 << 20  # that these may take


class _Look(NamedTuple):
    probe: Probe
    methods: list[Method]


_looks: WeakKeyDictionary[Any, _Look] = WeakKeyDictionary()
_guided: WeakKeyDictionary[nn.Module, bool] = WeakKeyDictionary()  # whether a model can be given `GuidedGradCAM`
_writers: list[ExplainWriter] = []  # the one of this process, once there is one


def explain(model: nn.Module, loader: Any, step: int, *, writer: ExplainWriter | None = None) -> None:
    """Explain `model` on some images of a loader, with everything chosen: call it once an epoch with the loader of your validation set.

    The same 30 images at each step, as many of each class (of more than 30 classes 30 are chosen, evenly), and a survey of at most 2000,
    spread over the whole data set. Names of classes and the normalisation are the data set's, if it has torchvision's `classes` and a
    `Normalize` among its transforms. Labels that are not one class an image are left aside. What `ExplainWriter` promises of training holds here too.

    Args:
        loader: a DataLoader of (images, labels).
        writer: where to log; None: a writer of this process, `runs/<time>_<host>`, as SummaryWriter names it.

    Raises TypeError or ValueError for a loader that has no such images.
    """
    if not isinstance(loader, DataLoader):
        raise TypeError(
            f"explain takes a DataLoader, got {type(loader).__name__}; for images of your own use ExplainWriter and Probe"
        )
    if loader not in _looks:
        _looks[loader] = _look(loader)
    if writer is None:
        if not _writers:
            _writers.append(ExplainWriter())
        (writer,) = _writers
    probe, methods = _looks[loader]
    if not _can_be_guided(model, probe):
        methods = [method for method in methods if not isinstance(method, GuidedGradCAM)]
    writer.explain(model, probe, step, methods, figures=[Insertion(steps=5)])


def _can_be_guided(model: nn.Module, probe: Probe) -> bool:
    """Whether guided backpropagation means something for a model, which one without rectifiers would say at every step."""
    if model not in _guided:
        try:
            with undisturbed(bare(model)) as network, Rectifiers() as rectifiers:
                network(probe.images[:1].clone().requires_grad_())
        except Exception:  # the explanation fails at this too, and says so
            return True
        try:
            rectifiers.check(bare(model))
            _guided[model] = True
        except ValueError:
            _guided[model] = False
    return _guided[model]


def _look(loader: DataLoader[Any]) -> _Look:
    with same_draws(loader):
        batches = list(_survey(loader))
    if not batches:
        raise ValueError("the loader has no images")
    images = torch.cat([images for images, _ in batches])
    given = [labels for _, labels in batches if labels is not None]
    labels = _classes(torch.cat(given), len(images)) if len(given) == len(batches) else None
    parts = torch.split(images, 32)
    batches = list(zip(parts, [None] * len(parts) if labels is None else torch.split(labels, 32), strict=True))
    chosen = _some_of_each(labels, len(images))
    mean, std = _normalisation(loader.dataset, images.shape[1])
    probe = Probe(
        images[chosen],
        None if labels is None else labels[chosen].numpy(),
        class_names=_seen_through(loader.dataset, "classes"),
        name=f"images{len(_looks) + 1}" if len(_looks) else "images",
        mean=mean,
        std=std,
    )
    return _Look(
        probe,
        [GradCAM(), GuidedGradCAM(), FilterClusters(data=batches), Activations(data=batches), Projection(data=batches)],
    )


def _survey(loader: DataLoader[Any]) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Batches of at most 32 images, spread over the data set if it can be read at any place, else its first."""
    data = loader.dataset
    if isinstance(data, IterableDataset):
        read = labelled(loader)
    elif n := len(data):  # type: ignore[arg-type]
        (first, _), *_ = labelled([loader.collate_fn([data[0]])])
        read = labelled(DataLoader(Subset(data, _spread(n, _room(first))), 32, collate_fn=loader.collate_fn))
    else:
        return
    seen = 0
    for images, labels in read:
        left = _room(images) - seen
        if left <= 0:
            return
        yield images[:left].float().cpu(), None if labels is None else labels[:left].cpu()
        seen += len(images)


def _spread(n: int, most: int) -> list[int]:
    """At most so many places of n, evenly."""
    return [i * n // min(n, most) for i in range(min(n, most))]


def _room(images: Tensor) -> int:
    """How many images such as these to survey."""
    return max(1, min(_SURVEYED, _BYTES // (images[0].numel() * 4)))


def _classes(labels: Tensor, n: int) -> Tensor | None:
    """int64 [N], of labels that say one class an image, however they write it; None of any others."""
    labels = labels[:, 0] if labels.shape == (n, 1) else labels
    if labels.shape != (n,) or (labels < 0).any() or (labels != labels.long()).any():
        return None
    return labels.long()


def _some_of_each(labels: Tensor | None, n: int) -> list[int]:
    """Which images to follow: as many of each class, the classes in turn; of many classes some, spread over all."""
    if labels is None:
        return _spread(n, _FOLLOWED)
    classes = sorted(set(labels.tolist()))
    places = [torch.nonzero(labels == classes[i]).flatten().tolist() for i in _spread(len(classes), _FOLLOWED)]
    in_turn = chain.from_iterable(
        [of_class[turn] for of_class in places if turn < len(of_class)] for turn in range(max(map(len, places)))
    )
    return list(islice(in_turn, _FOLLOWED))


def _seen_through(data: Any, name: str) -> Any:
    """An attribute of a data set, or of the one that it is a part of."""
    while data is not None and not hasattr(data, name):
        data = getattr(data, "dataset", None)
    return getattr(data, name, None)


def _normalisation(data: Any, channels: int) -> tuple[Sequence[float] | None, Sequence[float] | None]:
    """Mean and standard deviation of each channel; one number is that of all channels, as torchvision has it."""
    transform = _seen_through(data, "transform")
    for one in [transform, *getattr(transform, "transforms", ())]:
        if hasattr(one, "mean") and hasattr(one, "std"):
            mean, std = (torch.as_tensor(values, dtype=torch.float64).flatten() for values in (one.mean, one.std))
            if len(mean) in (1, channels) and len(std) in (1, channels):
                return mean.expand(channels).tolist(), std.expand(channels).tolist()
    return None, None
