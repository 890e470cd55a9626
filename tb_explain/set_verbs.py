"""The verb that logs many images at once, as points whose distances say how alike a network finds them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tb_explain.declared import as_series, as_step, as_time
from tb_explain.payloads.projections import GivenRows, as_rows
from tb_explain.pictures import given_pictures
from tb_explain.probe import Probe
from tb_explain.projections import Thumbnails, distinct_ids
from tb_explain.projections.jobs import Job
from tb_explain.projections.reducers import UMAP, Reducer
from tb_explain.records import explain_pb2 as pb
from tb_explain.thumbnails import tiles_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor
    from typing_extensions import Unpack

    from tb_explain.methods import Features

_THUMBNAIL = 32  # pixels on the longer side


class AboutRows(TypedDict, total=False):
    """What is known about the rows of a projection; all of it optional.

    `labels`, `predicted`: true and predicted class, [N], -1 where not known; `probabilities` of the latter, [N]. `sample_names` become
    a column. `dataformats`: of `images`, as in SummaryWriter. `method`, `layer` and `description` are shown with the projection.
    """

    labels: ArrayLike | Tensor | None
    predicted: ArrayLike | Tensor | None
    probabilities: ArrayLike | Tensor | None
    class_names: Sequence[str] | None
    sample_names: Sequence[str] | None
    dataformats: str
    method: str
    layer: str
    description: str


class SetVerbs:
    """What can be logged of whole sets of images."""

    _sheets: dict[str, tuple[NDArray[np.uint64], Thumbnails]]  # of each tag, with the rows that they are of

    def add_projection(
        self,
        tag: str,
        features: Features | ArrayLike | Tensor | None = None,
        images: Probe | ArrayLike | Tensor | None = None,
        global_step: int | None = None,
        walltime: float | None = None,
        *,
        reducer: Reducer | None = None,
        positions: ArrayLike | Tensor | None = None,
        columns: Mapping[str, ArrayLike | Tensor | Sequence[str]] | None = None,
        ids: ArrayLike | Tensor | None = None,
        **about: Unpack[AboutRows],
    ) -> None:
        """Log features of many images as points in two or three dimensions, found by a process of its own while training goes on.

        Rows keep their places from step to step unless their features move, so give the same rows at every step.

        Args:
            features: what `collect_features` gives, or numbers [N, d]. Rows that are not finite are left out and counted.
            images: what to show of each row (a Probe, or pixels as in the other verbs); None: what `features` come with.
            reducer: `UMAP()`, `PCA()` or `TSNE()` of `tb_explain.projections`; None: UMAP with cosine distances, in two dimensions.
            positions: [N, 2] or [N, 3], where the rows are, if that was found elsewhere; then nothing is reduced.
            columns: what else is known of each row, by name: N numbers, booleans or strings.
            ids: N whole numbers from 1, different ones, by which rows are known at other steps; None: made of the images, which also
                ties rows to the samples of other records, or else 1 to N.
            about: see `AboutRows`; what `features` and a probe know need not be said again, and None says that it is not known.
        """
        from tb_explain.methods import Features

        unknown = about.keys() - AboutRows.__annotations__.keys()
        if unknown:
            raise TypeError(f"unexpected argument {min(unknown)!r}; there are {', '.join(AboutRows.__annotations__)}")
        if isinstance(features, (list, tuple)) and any(isinstance(one, Features) for one in features):
            raise ValueError("features are of several layers; log each under a tag of its own")
        if reducer is None and positions is None:
            reducer = UMAP()
        if reducer is not None and not isinstance(reducer, Reducer):
            raise ValueError(f"reducer must be UMAP(), PCA() or TSNE() of tb_explain.projections, got {reducer!r}")
        collected = features if isinstance(features, Features) else None
        values = features if collected is None else collected.values
        shown = _shown(images, collected, about.get("dataformats", "NCHW"))
        if ids is None and shown is not None:
            ids = distinct_ids(shown.ids().tolist())
        known: dict[str, Any] = {**_known(images, collected), **about}
        names = known.get("sample_names")
        columns = ({} if names is None else {"name": list(names)}) | dict(columns or {})
        classes = {name: known.get(name) for name in ("labels", "predicted", "probabilities", "class_names")}
        given = as_rows(values, positions, ids, None if shown is None else shown.n, columns, **classes)
        series = as_series(
            pb.PROJECTION,
            tag,
            known.get("method") or ("" if reducer is None else type(reducer).__name__),
            known.get("layer") or "",
            {} if reducer is None else dataclasses.asdict(reducer),
            known.get("description") or ("" if reducer is None else (reducer.__doc__ or "").strip().partition("\n")[0]),
        )
        rows = dataclasses.replace(given.rows, thumbnails=self._thumbnails(tag, given, shown))
        step = 0 if global_step is None else as_step(global_step)
        self._reduce(Job(series, step, as_time(walltime), rows, reducer, given.features, given.positions))

    def _thumbnails(self, tag: str, given: GivenRows, shown: _Shown | None) -> Thumbnails | None:
        """Made once for the rows of a tag, which are by their ids the same pictures at the next step."""
        if shown is None or shown.tiles is None or not len(given.rows):
            return None
        known = self._sheets.get(tag)
        if known is None or not np.array_equal(known[0], given.rows.ids):
            known = self._sheets[tag] = given.rows.ids, Thumbnails.of(shown.tiles(given.order))
        return known[1]

    def _reduce(self, job: Job) -> None:
        raise NotImplementedError


class _Shown(NamedTuple):
    """Pictures of n rows, none of them touched before it is needed."""

    n: int
    ids: Callable[[], NDArray[np.uint64]]
    tiles: Callable[[NDArray[np.int64]], NDArray[np.uint8]] | None  # of some rows


def _shown(images: Any, collected: Features | None, dataformats: str) -> _Shown | None:
    if images is not None:
        pictures = images.pictures if isinstance(images, Probe) else given_pictures(images, dataformats)
        return _Shown(len(pictures), lambda: pictures.ids, lambda rows: tiles_of(pictures, rows, _THUMBNAIL))
    if collected is None:
        return None
    tiles = collected.tiles
    return _Shown(len(collected), lambda: collected.ids, None if tiles is None else tiles.__getitem__)


def _known(images: Any, collected: Features | None) -> dict[str, Any]:
    """What a probe and features know about their rows, by the names that `AboutRows` has."""
    known: dict[str, Any] = {}
    if isinstance(images, Probe):
        known |= {name: getattr(images, name) for name in ("labels", "class_names", "sample_names")}
    if collected is not None:
        of_rows = {name: getattr(collected, name) for name in ("labels", "predicted", "probabilities", "layer")}
        known |= {name: value for name, value in of_rows.items() if value is not None}
    return known
