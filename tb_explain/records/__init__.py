"""What is written to a logdir and how it is read back: schema, encoding, and the append-only store. No torch here.

`docs/file-format.md` describes the files for readers in other languages.
"""

from tb_explain.records.arrays import decode_array, decode_column, encode_array, encode_column, quantise
from tb_explain.records.entries import MAX_DECLARATION, MAX_PAYLOAD
from tb_explain.records.fields import is_repeated
from tb_explain.records.files import LOCAL, Files, LocalFiles
from tb_explain.records.images import encode_image, image_media_type, image_size
from tb_explain.records.index import RunIndex
from tb_explain.records.listing import Series
from tb_explain.records.payload import DamagedRecord, Payload
from tb_explain.records.recorder import Recorder
from tb_explain.records.rolling import open_segment
from tb_explain.records.segment import DIRECTORY, Origin, Record, SegmentWriter, content_hash, moment_in

__all__ = [
    "DIRECTORY",
    "LOCAL",
    "MAX_DECLARATION",
    "MAX_PAYLOAD",
    "DamagedRecord",
    "Files",
    "LocalFiles",
    "Origin",
    "Payload",
    "Record",
    "Recorder",
    "RunIndex",
    "SegmentWriter",
    "Series",
    "content_hash",
    "decode_array",
    "decode_column",
    "encode_array",
    "encode_column",
    "encode_image",
    "image_media_type",
    "image_size",
    "is_repeated",
    "moment_in",
    "open_segment",
    "quantise",
]
