"""Features reduced to two or three dimensions, aligned over training, and how far apart their classes are. numpy and scikit-learn, no torch."""

from tb_explain.projections.columns import CategoryColumn, NumberColumn, Thumbnails, column_of
from tb_explain.projections.reducers import PCA, TSNE, UMAP
from tb_explain.projections.rows import Placed, Rows, distinct_ids
from tb_explain.projections.sequence import align

__all__ = [
    "PCA",
    "TSNE",
    "UMAP",
    "CategoryColumn",
    "NumberColumn",
    "Placed",
    "Rows",
    "Thumbnails",
    "align",
    "column_of",
    "distinct_ids",
]
