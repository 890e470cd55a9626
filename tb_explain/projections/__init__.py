"""Features reduced to two or three dimensions, aligned over training, and how far apart their classes are. numpy and scikit-learn, no torch."""

from tb_explain.projections.columns import CategoryColumn, NumberColumn, Thumbnails, column_of
from tb_explain.projections.rows import Placed, Rows, distinct_ids

__all__ = ["CategoryColumn", "NumberColumn", "Placed", "Rows", "Thumbnails", "column_of", "distinct_ids"]
