"""The verbs that log what single channels of a layer do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from tb_explain.payloads import About, Channels, Samples
from tb_explain.payloads.channels import DEAD, RAISED, Maximised, as_class_means, as_statistics
from tb_explain.payloads.given import as_numbers
from tb_explain.pictures import as_array, given_pictures
from tb_explain.probe import Probe
from tb_explain.records import explain_pb2 as pb
from tb_explain.verbs import Verbs

if TYPE_CHECKING:
    from torch import Tensor
    from typing_extensions import Unpack


class ChannelVerbs(Verbs):
    """What can be logged about channels. Parts of one layer may be logged at different steps and under different tags; what ties them
    in the page is `layer`.
    """

    def add_activations(
        self,
        tag: str,
        activations: ArrayLike | Tensor,
        images: Probe | ArrayLike | Tensor | None = None,
        global_step: int | None = None,
        walltime: float | None = None,
        *,
        statistics: Mapping[str, ArrayLike | Tensor | Sequence[str]] | None = None,
        class_means: ArrayLike | Tensor | None = None,
        groups: Sequence[Mapping[str, Any]] = (),
        measures: Mapping[str, float] | None = None,
        template_slope: float = 0.0,
        **about: Unpack[About],
    ) -> None:
        """Log what every channel of a layer says of some images, stored in 256 levels a map.

        Args:
            activations: floats [N, C, h, w], or [N, C, d, h, w] of voxels; [N, C] for a layer without positions.
            statistics: by name one number (or text) a channel, to sort and filter channels by.
            class_means: mean response of each channel to images of each class, [C, K].
            groups: channels that do nearly the same, each a mapping with `channels`, `relation` ("copy", "turned", "recoloured",
                "alike"), `similarity` and, if known, `cost` in accuracy.
            measures: by name, a number about the layer.
            template_slope: β of the templates that mask the maps of interpretable filters; 0: nothing does.
        """
        values = as_array(activations)
        if values.ndim == 2:
            values = values[:, :, None, None]
        if values.ndim not in (4, 5) or values.dtype.kind not in "fiu" or not values.size:
            raise ValueError(
                f"activations must be numbers [N, C], [N, C, h, w] or [N, C, d, h, w], got {values.dtype} {list(values.shape)}"
            )
        n, channels = values.shape[:2]
        values = values.astype(np.float32)
        finite = np.isfinite(values.reshape(n, -1)).all(1, keepdims=True)
        about.setdefault("targets", about.get("predicted"))
        payload = Channels(
            Samples.given(n, 1, images, about, flags=np.where(finite, pb.OK, pb.NOT_FINITE)),
            channels,
            values,
            as_statistics(statistics or {}, channels),
            as_class_means(class_means, channels),
            groups=[_group(one, channels) for one in groups],
            measures={str(name): float(value) for name, value in (measures or {}).items()},
            template_slope=float(template_slope),
        )
        self._log_given(tag, payload, about, global_step, walltime)

    def add_feature_images(
        self,
        tag: str,
        pictures: ArrayLike | Tensor,
        global_step: int | None = None,
        walltime: float | None = None,
        *,
        channels: Sequence[int] | None = None,
        objectives: Sequence[str] | None = None,
        of: int | None = None,
        traces: ArrayLike | Tensor | None = None,
        dead: Sequence[bool] | None = None,
        recipe: str = "",
        **about: Unpack[About],
    ) -> None:
        """Log images that raise channels of a layer, such as `maximize` or another library finds.

        Args:
            pictures: uint8 (0..255) or float (0..1) pixels of M images.
            channels: which channel each raises, M numbers, -1: none of this layer; None: 0 to M - 1.
            objectives: what each raises, in words; None: "channel 0" and so on.
            of: how many channels the layer has; None: as many as are named.
            traces: what was reached at each step, [M, steps + 1].
            dead: for each whether nothing moved it.
            recipe: how they were made.
        """
        shown = given_pictures(pictures, about.get("dataformats", "NCHW"))
        m = len(shown)
        if not m:
            raise ValueError("no pictures given; give at least one")
        which = np.arange(m) if channels is None else as_array(channels)
        if which.shape != (m,) or which.dtype.kind not in "iu":
            raise ValueError(
                f"channels must be {m} whole numbers, one a picture; got {which.dtype} {list(which.shape)}"
            )
        count = int(which.max(initial=0)) + 1 if of is None else of
        if which.min() < -1 or which.max() >= count:
            raise ValueError(
                f"channels must lie in -1 (none of the layer) to {count - 1}, got {which.min()} to {which.max()}"
            )
        words = [f"channel {i}" for i in which.tolist()] if objectives is None else [str(one) for one in objectives]
        still = np.zeros(m, bool) if dead is None else as_array(dead).astype(bool)
        if len(words) != m or still.shape != (m,):
            raise ValueError(
                f"got {len(words)} objectives and {still.size} of dead for {m} pictures; give one a picture"
            )
        reached = np.zeros((m, 0), np.float32) if traces is None else as_array(traces)
        found = as_numbers("traces", reached, (m, reached.shape[1] if reached.ndim == 2 else 0))
        assert found is not None
        made = Maximised(shown, words, which.astype(np.int64), found, np.where(still, DEAD, RAISED), recipe)
        self._log_given(
            tag, Channels(Samples.given(0, 1, None, about), count, maximised=made), about, global_step, walltime
        )


def _group(one: Mapping[str, Any], channels: int) -> pb.ChannelGroup:
    members = [int(i) for i in one["channels"]]
    if len(members) < 2 or not all(0 <= i < channels for i in members):
        raise ValueError(f"a group must name two channels or more of 0 to {channels - 1}, got {members}")
    message = pb.ChannelGroup(
        channels=members, relation=one.get("relation", "alike"), similarity=one.get("similarity", 0)
    )
    if one.get("cost") is not None:
        message.cost = one["cost"]
    return message
