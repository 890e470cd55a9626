"""What all payloads say: which samples were explained, for which targets, and how far the explanations can be trusted."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tb_explain.payloads.given import as_numbers, as_targets
from tb_explain.pictures import Pictures, given_pictures
from tb_explain.probe import Probe, as_labels
from tb_explain.records import MAX_PAYLOAD, Record, SegmentWriter, encode_array
from tb_explain.records import explain_pb2 as pb

if TYPE_CHECKING:
    from torch import Tensor

    from tb_explain.methods import Explained

Better = Literal["higher", "lower", "neither"]
_BETTER: dict[Better, pb.Better] = {"higher": pb.HIGHER, "lower": pb.LOWER, "neither": pb.NEITHER}


class About(TypedDict, total=False):
    """What a verb can be told about the explained samples; all of it optional.

    `dataformats`: of `images`, as in SummaryWriter. `targets`: classes that are explained, [N] or [N, T], one number for all, or
    -1 for none. `probabilities`: of the targets, the same shape. `labels`, `predicted`: true and predicted class, [N];
    `predicted_probabilities` of the latter, [N]. `figures`: values [N] or [N, T] of quality figures by name. `method`, `layer` and
    `description` are shown with the explanations.
    """

    dataformats: str
    targets: ArrayLike | Tensor | None
    probabilities: ArrayLike | Tensor | None
    labels: ArrayLike | Tensor | None
    predicted: ArrayLike | Tensor | None
    predicted_probabilities: ArrayLike | Tensor | None
    class_names: Sequence[str] | None
    sample_names: Sequence[str] | None
    figures: Mapping[str, ArrayLike | Tensor]
    method: str
    layer: str
    description: str


@dataclass(frozen=True, eq=False)
class Figure:
    """A quality figure of N samples and T targets, [N, T], beside that of maps that know nothing."""

    name: str
    values: NDArray[np.float32]
    random: NDArray[np.float32] | None = None
    centred: NDArray[np.float32] | None = None
    better: Better = "neither"

    def message(self) -> pb.Figure:
        return pb.Figure(
            name=self.name,
            values=self.values.ravel().tolist(),
            random=[] if self.random is None else self.random.ravel().tolist(),
            centred=[] if self.centred is None else self.centred.ravel().tolist(),
            better=_BETTER[self.better],
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Samples:
    """N samples and T targets each. Nobody else changes these arrays."""

    targets: NDArray[np.int64]  # [N, T]
    flags: NDArray[np.int64]  # [N, T]
    pictures: Pictures | None = None
    labels: NDArray[np.int64] | None = None  # [N]
    predicted: NDArray[np.int64] | None = None  # [N], -1: none
    predicted_probabilities: NDArray[np.float32] | None = None  # [N]
    probabilities: NDArray[np.float32] | None = None  # [N, T]
    class_names: Sequence[str] | None = None
    sample_names: Sequence[str] | None = None
    segments: NDArray[np.int64] | None = None  # [N, h, w]
    input_size: tuple[int, ...] | None = None
    figures: Sequence[Figure] = field(default=())

    @classmethod
    def given(
        cls,
        n: int,
        t: int,
        images: Probe | Any | None,
        about: About,
        *,
        flags: NDArray[np.int64] | None = None,
        segments: NDArray[np.int64] | None = None,
    ) -> Samples:
        """What a caller says about N samples and T targets. Raises TypeError for a word that is not in `About`, and ValueError
        when shapes do not agree.
        """
        unknown = about.keys() - About.__annotations__.keys()
        if unknown:
            raise TypeError(f"unexpected argument {min(unknown)!r}; there are {', '.join(About.__annotations__)}")
        labels, class_names, sample_names = (about.get(key) for key in ("labels", "class_names", "sample_names"))
        pictures: Pictures | None
        if isinstance(images, Probe):
            pictures = images.pictures
            labels = images.labels if labels is None else labels
            class_names = images.class_names if class_names is None else class_names
            sample_names = images.sample_names if sample_names is None else sample_names
        else:
            pictures = None if images is None else given_pictures(images, about.get("dataformats", "NCHW"))
        predicted, targets = about.get("predicted"), about.get("targets")
        names = None if class_names is None else [str(name) for name in class_names]  # type: ignore[attr-defined]
        if targets is None and names is not None and t == len(names) > 1:
            targets = np.tile(np.arange(t), (n, 1))  # one of each class
        return cls(
            targets=as_targets(targets, n, t),
            flags=np.zeros((n, t), np.int64) if flags is None else flags,
            pictures=pictures,
            labels=None if labels is None else as_labels("labels", labels, n),
            predicted=None if predicted is None else as_labels("predicted", predicted, n),
            predicted_probabilities=as_numbers("predicted_probabilities", about.get("predicted_probabilities"), (n,)),
            probabilities=as_numbers("probabilities", about.get("probabilities"), (n, t)),
            class_names=names,
            sample_names=None if sample_names is None else [str(name) for name in sample_names],  # type: ignore[attr-defined]
            segments=segments,
            figures=[
                Figure(str(name), values)
                for name, given in about.get("figures", {}).items()
                if (values := as_numbers(f"the figure {name!r}", given, (n, t))) is not None
            ],
        )

    @classmethod
    def explained(
        cls,
        result: Explained,
        probe: Probe,
        figures: Sequence[Figure] = (),
        segments: NDArray[np.int64] | None = None,
    ) -> Samples:
        """The images of a probe, as a method explained them; copied from the model's device."""
        n = len(probe)
        targets = result.targets.cpu().numpy().reshape(n, -1)
        return cls(
            targets=targets,
            flags=result.flags.cpu().numpy().astype(np.int64).reshape(targets.shape),
            pictures=probe.pictures,
            labels=probe.labels,
            predicted=result.predicted.cpu().numpy(),
            predicted_probabilities=result.predicted_probabilities.cpu().numpy(),
            probabilities=result.probabilities.cpu().numpy().reshape(targets.shape),
            class_names=probe.class_names,
            sample_names=probe.sample_names,
            segments=segments,
            input_size=result.input_size,
            figures=figures,
        )

    @property
    def shape(self) -> tuple[int, int]:
        """(N, T)."""
        return self.targets.shape[0], self.targets.shape[1]

    @property
    def nbytes(self) -> int:
        """What it holds in memory while it waits to be written."""
        size = 0 if self.segments is None else self.segments.nbytes
        return size if self.pictures is None or self.pictures.shared else size + self.pictures.nbytes

    def check(self, payload_bytes: int) -> None:
        """Raises ValueError when the parts speak of different numbers of samples, or fill more than a record may hold."""
        n, t = self.shape
        names = sum(4 * len(name) for name in self.sample_names or [])
        size = payload_bytes + (140 + 12 * len(self.figures)) * n * t + names  # no less than the payload
        if size > MAX_PAYLOAD:
            raise ValueError(
                f"a record holds at most 1 GiB, these explanations need {size / 2**30:.1f} GiB; log fewer samples at once"
            )
        for what, have in (("images", self.pictures), ("sample_names", self.sample_names)):
            if have is not None and len(have) != n:
                raise ValueError(f"got {len(have)} {what} for {n} samples; give one a sample")

    def fill(self, message: Any) -> None:
        """Write into a payload's message the fields that all payloads have."""
        samples = [pb.Sample() for _ in self.targets]
        for name, column in (
            ("label", self.labels),
            ("predicted", self.predicted),
            ("probability", self.predicted_probabilities),
        ):
            for sample, value in zip(samples, [] if column is None else column.tolist(), strict=False):
                if not value < 0:  # a model whose output has no classes predicts none
                    setattr(sample, name, value)
        for sample, text in zip(samples, self.sample_names or [], strict=False):
            sample.name = text
        message.samples.extend(samples)
        message.targets.extend(self.targets.ravel().tolist())
        if self.probabilities is not None:
            message.probabilities.extend(self.probabilities.ravel().tolist())
        if self.flags.any():
            message.flags.extend(self.flags.ravel().tolist())
        size = self.pictures.size if self.pictures is not None else self.input_size or (0, 0)
        message.height, message.width = size[-2:]
        message.figures.extend(figure.message() for figure in self.figures)

    def blobs(self, segment: SegmentWriter, message: Any) -> list[Record]:
        """The images, label maps and class names that the segment does not have yet; writes their hashes into the message."""
        found: list[Record] = []
        if self.pictures:
            found += picture_blobs(segment, message.samples, self.pictures)
            for sample, row in zip(message.samples, self.pictures.ids.tolist(), strict=True):
                sample.id = row
        for sample, labels in zip(message.samples, [] if self.segments is None else self.segments, strict=False):
            sample.segments, new = segment.blob(pb.LABELS, _label_map(labels))
            found += new
        if self.class_names:
            message.classes, new = segment.blob(pb.CLASSES, pb.ClassNames(names=self.class_names).SerializeToString())
            found += new
        return found


class Payload:
    """The explanations of some samples: what is stored in one record."""

    kind: ClassVar[pb.Kind]
    samples: Samples

    @property
    def nbytes(self) -> int:
        """What its arrays hold in memory, without the samples'."""
        raise NotImplementedError

    @property
    def stored(self) -> int:
        """Bytes that its arrays take in a record, or more."""
        return self.nbytes

    def message(self) -> Any:
        """The protocol buffer, without what the samples add to it."""
        raise NotImplementedError

    def blobs(self, segment: SegmentWriter, message: Any) -> list[Record]:
        """Pictures of its own that the segment does not have yet; writes their hashes into the message."""
        return []


def picture_blobs(segment: SegmentWriter, messages: Iterable[Any], pictures: Pictures) -> list[Record]:
    """The pictures that the segment does not have yet; writes the hashes of all into the `image` and `volume` of messages."""
    found: list[Record] = []
    for message, (image, volume) in zip(messages, pictures.encoded, strict=True):
        message.image, new = segment.blob(pb.IMAGE, image)
        found += new
        if volume:
            message.volume, new = segment.blob(pb.VOLUME, volume)
            found += new
    return found


def records(
    segment: SegmentWriter, payload: Payload, declaration: pb.Series, step: int, wall_time: float
) -> list[Record]:
    """What to append: images, label maps and class names that the segment does not have yet, the series if new, and the record."""
    message = payload.message()
    payload.samples.fill(message)
    found = payload.samples.blobs(segment, message) + payload.blobs(segment, message)
    found += segment.series(declaration)
    entry = pb.Entry(
        kind=payload.kind, series=declaration.id, step=step, wall_time=wall_time, count=len(message.samples)
    )
    return [*found, Record(entry, message.SerializeToString())]


def half(values: NDArray[np.float32]) -> pb.Array:
    """[N, T, ...] in half precision, which keeps 11 bits of each value; a scale for each [n, t] keeps large or tiny ones in its range."""
    peak = np.abs(values).max(tuple(range(2, values.ndim)), keepdims=True, initial=0)
    peak[peak == 0] = 1
    stored = encode_array((values / peak).astype(np.float16))
    stored.scale.extend(peak.ravel().tolist())
    return stored


def as_float16(values: NDArray[np.float32]) -> NDArray[np.float16]:
    """As they are, but for what lies beyond the range, which becomes its end."""
    most = float(np.finfo(np.float16).max)
    return values.clip(-most, most).astype(np.float16)


def _label_map(labels: NDArray[np.int64]) -> bytes:
    return pb.LabelMap(
        height=labels.shape[0],
        width=labels.shape[1],
        count=int(labels.max()) + 1,
        deflated=zlib.compress(labels.astype("<u2").tobytes(), 6),
    ).SerializeToString()
