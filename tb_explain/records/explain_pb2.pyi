from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    KIND_UNSPECIFIED: _ClassVar[Kind]
    SEGMENT: _ClassVar[Kind]
    SERIES: _ClassVar[Kind]
    PURGE: _ClassVar[Kind]
    FAILURE: _ClassVar[Kind]
    IMAGE: _ClassVar[Kind]
    CLASSES: _ClassVar[Kind]
    HEATMAPS: _ClassVar[Kind]

class DType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DTYPE_UNSPECIFIED: _ClassVar[DType]
    UINT8: _ClassVar[DType]
    UINT16: _ClassVar[DType]
    INT32: _ClassVar[DType]
    FLOAT16: _ClassVar[DType]
    FLOAT32: _ClassVar[DType]

class Flag(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OK: _ClassVar[Flag]
    NOT_FINITE: _ClassVar[Flag]
    ALL_ZERO: _ClassVar[Flag]
    ZERO_GRADIENT: _ClassVar[Flag]
KIND_UNSPECIFIED: Kind
SEGMENT: Kind
SERIES: Kind
PURGE: Kind
FAILURE: Kind
IMAGE: Kind
CLASSES: Kind
HEATMAPS: Kind
DTYPE_UNSPECIFIED: DType
UINT8: DType
UINT16: DType
INT32: DType
FLOAT16: DType
FLOAT32: DType
OK: Flag
NOT_FINITE: Flag
ALL_ZERO: Flag
ZERO_GRADIENT: Flag

class Entry(_message.Message):
    __slots__ = ("kind", "series", "step", "wall_time", "offset", "length", "crc", "count", "content_hash", "segment", "declaration", "failure")
    KIND_FIELD_NUMBER: _ClassVar[int]
    SERIES_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    WALL_TIME_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    CRC_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    CONTENT_HASH_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    DECLARATION_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    kind: Kind
    series: int
    step: int
    wall_time: float
    offset: int
    length: int
    crc: int
    count: int
    content_hash: bytes
    segment: Segment
    declaration: Series
    failure: Failure
    def __init__(self, kind: _Optional[_Union[Kind, str]] = ..., series: _Optional[int] = ..., step: _Optional[int] = ..., wall_time: _Optional[float] = ..., offset: _Optional[int] = ..., length: _Optional[int] = ..., crc: _Optional[int] = ..., count: _Optional[int] = ..., content_hash: _Optional[bytes] = ..., segment: _Optional[_Union[Segment, _Mapping]] = ..., declaration: _Optional[_Union[Series, _Mapping]] = ..., failure: _Optional[_Union[Failure, _Mapping]] = ...) -> None: ...

class Segment(_message.Message):
    __slots__ = ("format_version", "library_version", "created")
    FORMAT_VERSION_FIELD_NUMBER: _ClassVar[int]
    LIBRARY_VERSION_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    format_version: int
    library_version: str
    created: float
    def __init__(self, format_version: _Optional[int] = ..., library_version: _Optional[str] = ..., created: _Optional[float] = ...) -> None: ...

class Series(_message.Message):
    __slots__ = ("id", "kind", "tag", "method", "layer", "parameters", "description")
    ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    TAG_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    LAYER_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    id: int
    kind: Kind
    tag: str
    method: str
    layer: str
    parameters: str
    description: str
    def __init__(self, id: _Optional[int] = ..., kind: _Optional[_Union[Kind, str]] = ..., tag: _Optional[str] = ..., method: _Optional[str] = ..., layer: _Optional[str] = ..., parameters: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...

class Failure(_message.Message):
    __slots__ = ("tag", "message", "detail", "dropped")
    TAG_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    tag: str
    message: str
    detail: str
    dropped: bool
    def __init__(self, tag: _Optional[str] = ..., message: _Optional[str] = ..., detail: _Optional[str] = ..., dropped: bool = ...) -> None: ...

class Array(_message.Message):
    __slots__ = ("dtype", "shape", "data", "scale", "offset")
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    dtype: DType
    shape: _containers.RepeatedScalarFieldContainer[int]
    data: bytes
    scale: _containers.RepeatedScalarFieldContainer[float]
    offset: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, dtype: _Optional[_Union[DType, str]] = ..., shape: _Optional[_Iterable[int]] = ..., data: _Optional[bytes] = ..., scale: _Optional[_Iterable[float]] = ..., offset: _Optional[_Iterable[float]] = ...) -> None: ...

class ClassNames(_message.Message):
    __slots__ = ("names",)
    NAMES_FIELD_NUMBER: _ClassVar[int]
    names: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, names: _Optional[_Iterable[str]] = ...) -> None: ...

class Sample(_message.Message):
    __slots__ = ("image", "label", "predicted", "probability", "name")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    PREDICTED_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    image: bytes
    label: int
    predicted: int
    probability: float
    name: str
    def __init__(self, image: _Optional[bytes] = ..., label: _Optional[int] = ..., predicted: _Optional[int] = ..., probability: _Optional[float] = ..., name: _Optional[str] = ...) -> None: ...

class Heatmaps(_message.Message):
    __slots__ = ("samples", "maps", "targets", "probabilities", "flags", "classes", "signed", "class_dependent", "height", "width")
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    MAPS_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    SIGNED_FIELD_NUMBER: _ClassVar[int]
    CLASS_DEPENDENT_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    samples: _containers.RepeatedCompositeFieldContainer[Sample]
    maps: Array
    targets: _containers.RepeatedScalarFieldContainer[int]
    probabilities: _containers.RepeatedScalarFieldContainer[float]
    flags: _containers.RepeatedScalarFieldContainer[int]
    classes: bytes
    signed: bool
    class_dependent: bool
    height: int
    width: int
    def __init__(self, samples: _Optional[_Iterable[_Union[Sample, _Mapping]]] = ..., maps: _Optional[_Union[Array, _Mapping]] = ..., targets: _Optional[_Iterable[int]] = ..., probabilities: _Optional[_Iterable[float]] = ..., flags: _Optional[_Iterable[int]] = ..., classes: _Optional[bytes] = ..., signed: bool = ..., class_dependent: bool = ..., height: _Optional[int] = ..., width: _Optional[int] = ...) -> None: ...
