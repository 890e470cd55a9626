"""What is written to a logdir and how it is read back: schema, encoding, and the append-only store. No torch here.

`docs/file-format.md` describes the files for readers in other languages.
"""

from tb_explain.records.arrays import decode_array, encode_array, quantise
from tb_explain.records.images import encode_image, image_media_type
from tb_explain.records.index import DamagedRecord, RunIndex, Series
from tb_explain.records.segment import DIRECTORY, SegmentWriter, content_hash

__all__ = [
    "DIRECTORY",
    "DamagedRecord",
    "RunIndex",
    "SegmentWriter",
    "Series",
    "content_hash",
    "decode_array",
    "encode_array",
    "encode_image",
    "image_media_type",
    "quantise",
]
