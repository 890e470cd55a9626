"""Torch's defaults, device and dtype, which a user may have set: theirs while their code runs, torch's own while ours does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

import torch

_Defaults = tuple[torch.device, torch.dtype]
_OURS: _Defaults = torch.device("cpu"), torch.float32
_theirs: ContextVar[_Defaults] = ContextVar("theirs", default=_OURS)


def our_defaults() -> AbstractContextManager[None]:
    """New tensors are float32 and on the CPU inside, unless they say otherwise."""
    now = torch.get_default_device(), torch.get_default_dtype()
    return nullcontext() if now == _OURS else _ours_in_place_of(now)


def their_defaults() -> AbstractContextManager[None]:
    """Inside `our_defaults`, those that were in place outside: for the model's forward pass, and for what a loader does."""
    theirs = _theirs.get()
    return nullcontext() if theirs == _OURS else _set(theirs)


@contextmanager
def _ours_in_place_of(theirs: _Defaults) -> Iterator[None]:
    token = _theirs.set(theirs)
    try:
        with _set(_OURS):
            yield
    finally:
        _theirs.reset(token)


@contextmanager
def _set(defaults: _Defaults) -> Iterator[None]:
    device, dtype = defaults
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with device:
            yield
    finally:
        torch.set_default_dtype(before)
