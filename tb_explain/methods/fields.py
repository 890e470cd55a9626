"""Receptive fields from step to step: they stay what they are while a network learns."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from tb_explain.methods.interpretable.templates import unmasked
from tb_explain.methods.layers import bare
from tb_explain.methods.receptive_fields import ReceptiveFields, receptive_fields

_log = logging.getLogger("tb_explain")


def fields_of(
    model: nn.Module, names: Sequence[str], images: Tensor, known: Mapping[str, ReceptiveFields | None], lost: str
) -> dict[str, ReceptiveFields]:
    """Those of the layers for which they can be found with images [N, C, *S].

    `known`: what was found a step before, None where nothing could be, which is not tried again. `lost` says what there is none of
    without them.
    """
    size = tuple(images.shape[2:])
    found = {name: one for name in names if (one := known.get(name)) is not None and one.size == size}
    names = [name for name in names if name not in found and known.get(name, found) is not None]
    if not names or not len(images):
        return found
    # Masks of interpretable filters look for the peak in the whole image; what a filter responds to is what it sees without them.
    with unmasked(bare(model)):
        try:
            return found | receptive_fields(model, names, images)
        except ValueError:  # of one of them
            pass
        for name in names:
            try:
                found |= receptive_fields(model, [name], images)
            except ValueError as error:
                _log.warning("no %s: %s", lost, error)
    return found
