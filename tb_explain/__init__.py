"""Explain for TensorBoard: see why an image classifier decides as it does, and how that changes while it learns.

Importing this package costs nothing: the names below are loaded when they are first used.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["ExplainWriter", "Probe", "__version__", "explain", "open"]

if TYPE_CHECKING:
    from tb_explain.first_look import explain
    from tb_explain.probe import Probe
    from tb_explain.reading import open  # noqa: A004
    from tb_explain.writer import ExplainWriter

_HOME = {
    "ExplainWriter": "tb_explain.writer",
    "Probe": "tb_explain.probe",
    "explain": "tb_explain.first_look",
    "open": "tb_explain.reading",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'tb_explain' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
