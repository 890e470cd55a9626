"""What there is to know of a message's fields, by any version of protobuf that the library works with."""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import FieldDescriptor


def is_repeated(field: FieldDescriptor) -> bool:
    """Whether a field holds several values. Newer versions of protobuf deprecate the one way to ask, older lack the other."""
    either: Any = field
    return bool(either.is_repeated if hasattr(field, "is_repeated") else either.label == either.LABEL_REPEATED)
