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
    LABELS: _ClassVar[Kind]
    SUPERPIXELS: _ClassVar[Kind]
    OCCLUSION: _ClassVar[Kind]
    OCCLUSION_PAIRS: _ClassVar[Kind]
    CORRELATIONS: _ClassVar[Kind]
    CLUSTERS: _ClassVar[Kind]
    VOLUME: _ClassVar[Kind]
    RECONSTRUCTIONS: _ClassVar[Kind]
    COLUMN: _ClassVar[Kind]
    PROJECTION: _ClassVar[Kind]
    CHANNELS: _ClassVar[Kind]
    END: _ClassVar[Kind]

class DType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DTYPE_UNSPECIFIED: _ClassVar[DType]
    UINT8: _ClassVar[DType]
    UINT16: _ClassVar[DType]
    INT32: _ClassVar[DType]
    FLOAT16: _ClassVar[DType]
    FLOAT32: _ClassVar[DType]
    UINT32: _ClassVar[DType]
    UINT64: _ClassVar[DType]

class Better(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NEITHER: _ClassVar[Better]
    HIGHER: _ClassVar[Better]
    LOWER: _ClassVar[Better]

class Flag(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OK: _ClassVar[Flag]
    NOT_FINITE: _ClassVar[Flag]
    ALL_ZERO: _ClassVar[Flag]
    ZERO_GRADIENT: _ClassVar[Flag]
    ONE_SEGMENT: _ClassVar[Flag]
    SATURATED: _ClassVar[Flag]
    POOR_FIT: _ClassVar[Flag]
KIND_UNSPECIFIED: Kind
SEGMENT: Kind
SERIES: Kind
PURGE: Kind
FAILURE: Kind
IMAGE: Kind
CLASSES: Kind
HEATMAPS: Kind
LABELS: Kind
SUPERPIXELS: Kind
OCCLUSION: Kind
OCCLUSION_PAIRS: Kind
CORRELATIONS: Kind
CLUSTERS: Kind
VOLUME: Kind
RECONSTRUCTIONS: Kind
COLUMN: Kind
PROJECTION: Kind
CHANNELS: Kind
END: Kind
DTYPE_UNSPECIFIED: DType
UINT8: DType
UINT16: DType
INT32: DType
FLOAT16: DType
FLOAT32: DType
UINT32: DType
UINT64: DType
NEITHER: Better
HIGHER: Better
LOWER: Better
OK: Flag
NOT_FINITE: Flag
ALL_ZERO: Flag
ZERO_GRADIENT: Flag
ONE_SEGMENT: Flag
SATURATED: Flag
POOR_FIT: Flag

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
    __slots__ = ("format_version", "library_version", "created", "session", "replaces", "rank")
    FORMAT_VERSION_FIELD_NUMBER: _ClassVar[int]
    LIBRARY_VERSION_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    REPLACES_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    format_version: int
    library_version: str
    created: float
    session: str
    replaces: _containers.RepeatedScalarFieldContainer[str]
    rank: int
    def __init__(self, format_version: _Optional[int] = ..., library_version: _Optional[str] = ..., created: _Optional[float] = ..., session: _Optional[str] = ..., replaces: _Optional[_Iterable[str]] = ..., rank: _Optional[int] = ...) -> None: ...

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

class Column(_message.Message):
    __slots__ = ("values", "dtype", "shape", "scale", "offset")
    VALUES_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    values: bytes
    dtype: DType
    shape: _containers.RepeatedScalarFieldContainer[int]
    scale: float
    offset: float
    def __init__(self, values: _Optional[bytes] = ..., dtype: _Optional[_Union[DType, str]] = ..., shape: _Optional[_Iterable[int]] = ..., scale: _Optional[float] = ..., offset: _Optional[float] = ...) -> None: ...

class ClassNames(_message.Message):
    __slots__ = ("names",)
    NAMES_FIELD_NUMBER: _ClassVar[int]
    names: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, names: _Optional[_Iterable[str]] = ...) -> None: ...

class Sample(_message.Message):
    __slots__ = ("image", "label", "predicted", "probability", "name", "segments", "volume", "id")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    PREDICTED_FIELD_NUMBER: _ClassVar[int]
    PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    image: bytes
    label: int
    predicted: int
    probability: float
    name: str
    segments: bytes
    volume: bytes
    id: int
    def __init__(self, image: _Optional[bytes] = ..., label: _Optional[int] = ..., predicted: _Optional[int] = ..., probability: _Optional[float] = ..., name: _Optional[str] = ..., segments: _Optional[bytes] = ..., volume: _Optional[bytes] = ..., id: _Optional[int] = ...) -> None: ...

class Volume(_message.Message):
    __slots__ = ("depth", "height", "width", "deflated")
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    DEFLATED_FIELD_NUMBER: _ClassVar[int]
    depth: int
    height: int
    width: int
    deflated: bytes
    def __init__(self, depth: _Optional[int] = ..., height: _Optional[int] = ..., width: _Optional[int] = ..., deflated: _Optional[bytes] = ...) -> None: ...

class Picture(_message.Message):
    __slots__ = ("image", "volume")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    VOLUME_FIELD_NUMBER: _ClassVar[int]
    image: bytes
    volume: bytes
    def __init__(self, image: _Optional[bytes] = ..., volume: _Optional[bytes] = ...) -> None: ...

class LabelMap(_message.Message):
    __slots__ = ("height", "width", "count", "deflated")
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    DEFLATED_FIELD_NUMBER: _ClassVar[int]
    height: int
    width: int
    count: int
    deflated: bytes
    def __init__(self, height: _Optional[int] = ..., width: _Optional[int] = ..., count: _Optional[int] = ..., deflated: _Optional[bytes] = ...) -> None: ...

class Figure(_message.Message):
    __slots__ = ("name", "values", "random", "centred", "better")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    RANDOM_FIELD_NUMBER: _ClassVar[int]
    CENTRED_FIELD_NUMBER: _ClassVar[int]
    BETTER_FIELD_NUMBER: _ClassVar[int]
    name: str
    values: _containers.RepeatedScalarFieldContainer[float]
    random: _containers.RepeatedScalarFieldContainer[float]
    centred: _containers.RepeatedScalarFieldContainer[float]
    better: Better
    def __init__(self, name: _Optional[str] = ..., values: _Optional[_Iterable[float]] = ..., random: _Optional[_Iterable[float]] = ..., centred: _Optional[_Iterable[float]] = ..., better: _Optional[_Union[Better, str]] = ...) -> None: ...

class Summary(_message.Message):
    __slots__ = ("samples", "targets", "probabilities", "flags", "classes", "height", "width", "figures")
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    samples: _containers.RepeatedCompositeFieldContainer[Sample]
    targets: _containers.RepeatedScalarFieldContainer[int]
    probabilities: _containers.RepeatedScalarFieldContainer[float]
    flags: _containers.RepeatedScalarFieldContainer[int]
    classes: bytes
    height: int
    width: int
    figures: _containers.RepeatedCompositeFieldContainer[Figure]
    def __init__(self, samples: _Optional[_Iterable[_Union[Sample, _Mapping]]] = ..., targets: _Optional[_Iterable[int]] = ..., probabilities: _Optional[_Iterable[float]] = ..., flags: _Optional[_Iterable[int]] = ..., classes: _Optional[bytes] = ..., height: _Optional[int] = ..., width: _Optional[int] = ..., figures: _Optional[_Iterable[_Union[Figure, _Mapping]]] = ...) -> None: ...

class Heatmaps(_message.Message):
    __slots__ = ("samples", "maps", "targets", "probabilities", "flags", "classes", "signed", "class_dependent", "height", "width", "figures")
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
    FIGURES_FIELD_NUMBER: _ClassVar[int]
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
    figures: _containers.RepeatedCompositeFieldContainer[Figure]
    def __init__(self, samples: _Optional[_Iterable[_Union[Sample, _Mapping]]] = ..., maps: _Optional[_Union[Array, _Mapping]] = ..., targets: _Optional[_Iterable[int]] = ..., probabilities: _Optional[_Iterable[float]] = ..., flags: _Optional[_Iterable[int]] = ..., classes: _Optional[bytes] = ..., signed: bool = ..., class_dependent: bool = ..., height: _Optional[int] = ..., width: _Optional[int] = ..., figures: _Optional[_Iterable[_Union[Figure, _Mapping]]] = ...) -> None: ...

class Superpixels(_message.Message):
    __slots__ = ("samples", "targets", "probabilities", "flags", "classes", "height", "width", "figures", "weights", "errors", "intercepts", "r2", "forwards")
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    INTERCEPTS_FIELD_NUMBER: _ClassVar[int]
    R2_FIELD_NUMBER: _ClassVar[int]
    FORWARDS_FIELD_NUMBER: _ClassVar[int]
    samples: _containers.RepeatedCompositeFieldContainer[Sample]
    targets: _containers.RepeatedScalarFieldContainer[int]
    probabilities: _containers.RepeatedScalarFieldContainer[float]
    flags: _containers.RepeatedScalarFieldContainer[int]
    classes: bytes
    height: int
    width: int
    figures: _containers.RepeatedCompositeFieldContainer[Figure]
    weights: Array
    errors: Array
    intercepts: _containers.RepeatedScalarFieldContainer[float]
    r2: _containers.RepeatedScalarFieldContainer[float]
    forwards: int
    def __init__(self, samples: _Optional[_Iterable[_Union[Sample, _Mapping]]] = ..., targets: _Optional[_Iterable[int]] = ..., probabilities: _Optional[_Iterable[float]] = ..., flags: _Optional[_Iterable[int]] = ..., classes: _Optional[bytes] = ..., height: _Optional[int] = ..., width: _Optional[int] = ..., figures: _Optional[_Iterable[_Union[Figure, _Mapping]]] = ..., weights: _Optional[_Union[Array, _Mapping]] = ..., errors: _Optional[_Union[Array, _Mapping]] = ..., intercepts: _Optional[_Iterable[float]] = ..., r2: _Optional[_Iterable[float]] = ..., forwards: _Optional[int] = ...) -> None: ...

class Occlusion(_message.Message):
    __slots__ = ("samples", "targets", "probabilities", "flags", "classes", "height", "width", "figures", "score", "scores", "sliders")
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    SLIDERS_FIELD_NUMBER: _ClassVar[int]
    samples: _containers.RepeatedCompositeFieldContainer[Sample]
    targets: _containers.RepeatedScalarFieldContainer[int]
    probabilities: _containers.RepeatedScalarFieldContainer[float]
    flags: _containers.RepeatedScalarFieldContainer[int]
    classes: bytes
    height: int
    width: int
    figures: _containers.RepeatedCompositeFieldContainer[Figure]
    score: str
    scores: _containers.RepeatedScalarFieldContainer[float]
    sliders: _containers.RepeatedCompositeFieldContainer[Slider]
    def __init__(self, samples: _Optional[_Iterable[_Union[Sample, _Mapping]]] = ..., targets: _Optional[_Iterable[int]] = ..., probabilities: _Optional[_Iterable[float]] = ..., flags: _Optional[_Iterable[int]] = ..., classes: _Optional[bytes] = ..., height: _Optional[int] = ..., width: _Optional[int] = ..., figures: _Optional[_Iterable[_Union[Figure, _Mapping]]] = ..., score: _Optional[str] = ..., scores: _Optional[_Iterable[float]] = ..., sliders: _Optional[_Iterable[_Union[Slider, _Mapping]]] = ...) -> None: ...

class Slider(_message.Message):
    __slots__ = ("height", "width", "rows", "columns", "scores", "predicted")
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    PREDICTED_FIELD_NUMBER: _ClassVar[int]
    height: int
    width: int
    rows: Array
    columns: Array
    scores: Array
    predicted: Array
    def __init__(self, height: _Optional[int] = ..., width: _Optional[int] = ..., rows: _Optional[_Union[Array, _Mapping]] = ..., columns: _Optional[_Union[Array, _Mapping]] = ..., scores: _Optional[_Union[Array, _Mapping]] = ..., predicted: _Optional[_Union[Array, _Mapping]] = ...) -> None: ...

class OcclusionPairs(_message.Message):
    __slots__ = ("samples", "targets", "probabilities", "flags", "classes", "height", "width", "figures", "score", "scores", "held", "moved", "pairs")
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    MOVED_FIELD_NUMBER: _ClassVar[int]
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    samples: _containers.RepeatedCompositeFieldContainer[Sample]
    targets: _containers.RepeatedScalarFieldContainer[int]
    probabilities: _containers.RepeatedScalarFieldContainer[float]
    flags: _containers.RepeatedScalarFieldContainer[int]
    classes: bytes
    height: int
    width: int
    figures: _containers.RepeatedCompositeFieldContainer[Figure]
    score: str
    scores: _containers.RepeatedScalarFieldContainer[float]
    held: Windows
    moved: Windows
    pairs: Array
    def __init__(self, samples: _Optional[_Iterable[_Union[Sample, _Mapping]]] = ..., targets: _Optional[_Iterable[int]] = ..., probabilities: _Optional[_Iterable[float]] = ..., flags: _Optional[_Iterable[int]] = ..., classes: _Optional[bytes] = ..., height: _Optional[int] = ..., width: _Optional[int] = ..., figures: _Optional[_Iterable[_Union[Figure, _Mapping]]] = ..., score: _Optional[str] = ..., scores: _Optional[_Iterable[float]] = ..., held: _Optional[_Union[Windows, _Mapping]] = ..., moved: _Optional[_Union[Windows, _Mapping]] = ..., pairs: _Optional[_Union[Array, _Mapping]] = ...) -> None: ...

class Windows(_message.Message):
    __slots__ = ("height", "width", "corners", "alone")
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    CORNERS_FIELD_NUMBER: _ClassVar[int]
    ALONE_FIELD_NUMBER: _ClassVar[int]
    height: int
    width: int
    corners: Array
    alone: Array
    def __init__(self, height: _Optional[int] = ..., width: _Optional[int] = ..., corners: _Optional[_Union[Array, _Mapping]] = ..., alone: _Optional[_Union[Array, _Mapping]] = ...) -> None: ...

class Correlations(_message.Message):
    __slots__ = ("samples", "targets", "probabilities", "flags", "classes", "height", "width", "figures", "score", "scores", "sensitivities", "errors", "related")
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    SENSITIVITIES_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    RELATED_FIELD_NUMBER: _ClassVar[int]
    samples: _containers.RepeatedCompositeFieldContainer[Sample]
    targets: _containers.RepeatedScalarFieldContainer[int]
    probabilities: _containers.RepeatedScalarFieldContainer[float]
    flags: _containers.RepeatedScalarFieldContainer[int]
    classes: bytes
    height: int
    width: int
    figures: _containers.RepeatedCompositeFieldContainer[Figure]
    score: str
    scores: _containers.RepeatedScalarFieldContainer[float]
    sensitivities: Array
    errors: Array
    related: _containers.RepeatedCompositeFieldContainer[Related]
    def __init__(self, samples: _Optional[_Iterable[_Union[Sample, _Mapping]]] = ..., targets: _Optional[_Iterable[int]] = ..., probabilities: _Optional[_Iterable[float]] = ..., flags: _Optional[_Iterable[int]] = ..., classes: _Optional[bytes] = ..., height: _Optional[int] = ..., width: _Optional[int] = ..., figures: _Optional[_Iterable[_Union[Figure, _Mapping]]] = ..., score: _Optional[str] = ..., scores: _Optional[_Iterable[float]] = ..., sensitivities: _Optional[_Union[Array, _Mapping]] = ..., errors: _Optional[_Union[Array, _Mapping]] = ..., related: _Optional[_Iterable[_Union[Related, _Mapping]]] = ...) -> None: ...

class Related(_message.Message):
    __slots__ = ("pairs", "correlations", "errors", "joint", "groups", "block_counts")
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    CORRELATIONS_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    JOINT_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    BLOCK_COUNTS_FIELD_NUMBER: _ClassVar[int]
    pairs: Array
    correlations: Array
    errors: Array
    joint: Array
    groups: _containers.RepeatedCompositeFieldContainer[Group]
    block_counts: _containers.RepeatedCompositeFieldContainer[BlockCount]
    def __init__(self, pairs: _Optional[_Union[Array, _Mapping]] = ..., correlations: _Optional[_Union[Array, _Mapping]] = ..., errors: _Optional[_Union[Array, _Mapping]] = ..., joint: _Optional[_Union[Array, _Mapping]] = ..., groups: _Optional[_Iterable[_Union[Group, _Mapping]]] = ..., block_counts: _Optional[_Iterable[_Union[BlockCount, _Mapping]]] = ...) -> None: ...

class Group(_message.Message):
    __slots__ = ("superpixels", "correlation")
    SUPERPIXELS_FIELD_NUMBER: _ClassVar[int]
    CORRELATION_FIELD_NUMBER: _ClassVar[int]
    superpixels: _containers.RepeatedScalarFieldContainer[int]
    correlation: float
    def __init__(self, superpixels: _Optional[_Iterable[int]] = ..., correlation: _Optional[float] = ...) -> None: ...

class BlockCount(_message.Message):
    __slots__ = ("superpixels", "correlation")
    SUPERPIXELS_FIELD_NUMBER: _ClassVar[int]
    CORRELATION_FIELD_NUMBER: _ClassVar[int]
    superpixels: int
    correlation: float
    def __init__(self, superpixels: _Optional[int] = ..., correlation: _Optional[float] = ...) -> None: ...

class Clusters(_message.Message):
    __slots__ = ("samples", "targets", "probabilities", "flags", "classes", "height", "width", "figures", "order", "forward", "feedback", "turning", "counts", "novelty")
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    FORWARD_FIELD_NUMBER: _ClassVar[int]
    FEEDBACK_FIELD_NUMBER: _ClassVar[int]
    TURNING_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    NOVELTY_FIELD_NUMBER: _ClassVar[int]
    samples: _containers.RepeatedCompositeFieldContainer[Sample]
    targets: _containers.RepeatedScalarFieldContainer[int]
    probabilities: _containers.RepeatedScalarFieldContainer[float]
    flags: _containers.RepeatedScalarFieldContainer[int]
    classes: bytes
    height: int
    width: int
    figures: _containers.RepeatedCompositeFieldContainer[Figure]
    order: int
    forward: ClusterPath
    feedback: ClusterPath
    turning: _containers.RepeatedScalarFieldContainer[int]
    counts: _containers.RepeatedCompositeFieldContainer[ClusterCount]
    novelty: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, samples: _Optional[_Iterable[_Union[Sample, _Mapping]]] = ..., targets: _Optional[_Iterable[int]] = ..., probabilities: _Optional[_Iterable[float]] = ..., flags: _Optional[_Iterable[int]] = ..., classes: _Optional[bytes] = ..., height: _Optional[int] = ..., width: _Optional[int] = ..., figures: _Optional[_Iterable[_Union[Figure, _Mapping]]] = ..., order: _Optional[int] = ..., forward: _Optional[_Union[ClusterPath, _Mapping]] = ..., feedback: _Optional[_Union[ClusterPath, _Mapping]] = ..., turning: _Optional[_Iterable[int]] = ..., counts: _Optional[_Iterable[_Union[ClusterCount, _Mapping]]] = ..., novelty: _Optional[_Iterable[float]] = ...) -> None: ...

class ClusterPath(_message.Message):
    __slots__ = ("assignments", "ids", "histograms", "shares", "purity", "entropy", "evidence", "support", "association", "patches")
    ASSIGNMENTS_FIELD_NUMBER: _ClassVar[int]
    IDS_FIELD_NUMBER: _ClassVar[int]
    HISTOGRAMS_FIELD_NUMBER: _ClassVar[int]
    SHARES_FIELD_NUMBER: _ClassVar[int]
    PURITY_FIELD_NUMBER: _ClassVar[int]
    ENTROPY_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    SUPPORT_FIELD_NUMBER: _ClassVar[int]
    ASSOCIATION_FIELD_NUMBER: _ClassVar[int]
    PATCHES_FIELD_NUMBER: _ClassVar[int]
    assignments: Array
    ids: _containers.RepeatedScalarFieldContainer[int]
    histograms: Array
    shares: _containers.RepeatedScalarFieldContainer[float]
    purity: _containers.RepeatedScalarFieldContainer[float]
    entropy: _containers.RepeatedScalarFieldContainer[float]
    evidence: Array
    support: Array
    association: float
    patches: _containers.RepeatedCompositeFieldContainer[Patch]
    def __init__(self, assignments: _Optional[_Union[Array, _Mapping]] = ..., ids: _Optional[_Iterable[int]] = ..., histograms: _Optional[_Union[Array, _Mapping]] = ..., shares: _Optional[_Iterable[float]] = ..., purity: _Optional[_Iterable[float]] = ..., entropy: _Optional[_Iterable[float]] = ..., evidence: _Optional[_Union[Array, _Mapping]] = ..., support: _Optional[_Union[Array, _Mapping]] = ..., association: _Optional[float] = ..., patches: _Optional[_Iterable[_Union[Patch, _Mapping]]] = ...) -> None: ...

class Patch(_message.Message):
    __slots__ = ("cluster", "picture", "label", "distance", "sample", "position", "starts", "stops")
    CLUSTER_FIELD_NUMBER: _ClassVar[int]
    PICTURE_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    STARTS_FIELD_NUMBER: _ClassVar[int]
    STOPS_FIELD_NUMBER: _ClassVar[int]
    cluster: int
    picture: Picture
    label: int
    distance: float
    sample: int
    position: _containers.RepeatedScalarFieldContainer[int]
    starts: _containers.RepeatedScalarFieldContainer[int]
    stops: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, cluster: _Optional[int] = ..., picture: _Optional[_Union[Picture, _Mapping]] = ..., label: _Optional[int] = ..., distance: _Optional[float] = ..., sample: _Optional[int] = ..., position: _Optional[_Iterable[int]] = ..., starts: _Optional[_Iterable[int]] = ..., stops: _Optional[_Iterable[int]] = ...) -> None: ...

class ClusterCount(_message.Message):
    __slots__ = ("clusters", "silhouette")
    CLUSTERS_FIELD_NUMBER: _ClassVar[int]
    SILHOUETTE_FIELD_NUMBER: _ClassVar[int]
    clusters: int
    silhouette: float
    def __init__(self, clusters: _Optional[int] = ..., silhouette: _Optional[float] = ...) -> None: ...

class Reconstructions(_message.Message):
    __slots__ = ("samples", "targets", "probabilities", "flags", "classes", "height", "width", "figures", "reconstructions", "representatives", "fields", "prototypes")
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    RECONSTRUCTIONS_FIELD_NUMBER: _ClassVar[int]
    REPRESENTATIVES_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    PROTOTYPES_FIELD_NUMBER: _ClassVar[int]
    samples: _containers.RepeatedCompositeFieldContainer[Sample]
    targets: _containers.RepeatedScalarFieldContainer[int]
    probabilities: _containers.RepeatedScalarFieldContainer[float]
    flags: _containers.RepeatedScalarFieldContainer[int]
    classes: bytes
    height: int
    width: int
    figures: _containers.RepeatedCompositeFieldContainer[Figure]
    reconstructions: _containers.RepeatedCompositeFieldContainer[Reconstruction]
    representatives: _containers.RepeatedCompositeFieldContainer[Picture]
    fields: _containers.RepeatedCompositeFieldContainer[ResponseField]
    prototypes: _containers.RepeatedCompositeFieldContainer[Picture]
    def __init__(self, samples: _Optional[_Iterable[_Union[Sample, _Mapping]]] = ..., targets: _Optional[_Iterable[int]] = ..., probabilities: _Optional[_Iterable[float]] = ..., flags: _Optional[_Iterable[int]] = ..., classes: _Optional[bytes] = ..., height: _Optional[int] = ..., width: _Optional[int] = ..., figures: _Optional[_Iterable[_Union[Figure, _Mapping]]] = ..., reconstructions: _Optional[_Iterable[_Union[Reconstruction, _Mapping]]] = ..., representatives: _Optional[_Iterable[_Union[Picture, _Mapping]]] = ..., fields: _Optional[_Iterable[_Union[ResponseField, _Mapping]]] = ..., prototypes: _Optional[_Iterable[_Union[Picture, _Mapping]]] = ...) -> None: ...

class Reconstruction(_message.Message):
    __slots__ = ("layer", "through_centroids", "pictures", "errors")
    LAYER_FIELD_NUMBER: _ClassVar[int]
    THROUGH_CENTROIDS_FIELD_NUMBER: _ClassVar[int]
    PICTURES_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    layer: str
    through_centroids: bool
    pictures: _containers.RepeatedCompositeFieldContainer[Picture]
    errors: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, layer: _Optional[str] = ..., through_centroids: bool = ..., pictures: _Optional[_Iterable[_Union[Picture, _Mapping]]] = ..., errors: _Optional[_Iterable[float]] = ...) -> None: ...

class ResponseField(_message.Message):
    __slots__ = ("sample", "layer", "position", "starts", "stops", "field_starts", "field_stops", "positions", "input", "alone", "field", "whole")
    SAMPLE_FIELD_NUMBER: _ClassVar[int]
    LAYER_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    STARTS_FIELD_NUMBER: _ClassVar[int]
    STOPS_FIELD_NUMBER: _ClassVar[int]
    FIELD_STARTS_FIELD_NUMBER: _ClassVar[int]
    FIELD_STOPS_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    ALONE_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    WHOLE_FIELD_NUMBER: _ClassVar[int]
    sample: int
    layer: str
    position: _containers.RepeatedScalarFieldContainer[int]
    starts: _containers.RepeatedScalarFieldContainer[int]
    stops: _containers.RepeatedScalarFieldContainer[int]
    field_starts: _containers.RepeatedScalarFieldContainer[int]
    field_stops: _containers.RepeatedScalarFieldContainer[int]
    positions: _containers.RepeatedScalarFieldContainer[int]
    input: Picture
    alone: Picture
    field: Picture
    whole: Picture
    def __init__(self, sample: _Optional[int] = ..., layer: _Optional[str] = ..., position: _Optional[_Iterable[int]] = ..., starts: _Optional[_Iterable[int]] = ..., stops: _Optional[_Iterable[int]] = ..., field_starts: _Optional[_Iterable[int]] = ..., field_stops: _Optional[_Iterable[int]] = ..., positions: _Optional[_Iterable[int]] = ..., input: _Optional[_Union[Picture, _Mapping]] = ..., alone: _Optional[_Union[Picture, _Mapping]] = ..., field: _Optional[_Union[Picture, _Mapping]] = ..., whole: _Optional[_Union[Picture, _Mapping]] = ...) -> None: ...

class Projection(_message.Message):
    __slots__ = ("rows", "dropped", "fitted", "positions", "ids", "labels", "predicted", "probabilities", "classes", "columns", "neighbours", "distances", "thumbnails", "measures", "class_distances", "notes")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    FITTED_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    IDS_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    PREDICTED_FIELD_NUMBER: _ClassVar[int]
    PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    NEIGHBOURS_FIELD_NUMBER: _ClassVar[int]
    DISTANCES_FIELD_NUMBER: _ClassVar[int]
    THUMBNAILS_FIELD_NUMBER: _ClassVar[int]
    MEASURES_FIELD_NUMBER: _ClassVar[int]
    CLASS_DISTANCES_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    rows: int
    dropped: int
    fitted: int
    positions: Column
    ids: Column
    labels: Column
    predicted: Column
    probabilities: Column
    classes: bytes
    columns: _containers.RepeatedCompositeFieldContainer[NamedColumn]
    neighbours: Column
    distances: Column
    thumbnails: Thumbnails
    measures: _containers.RepeatedCompositeFieldContainer[Measure]
    class_distances: ClassDistances
    notes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, rows: _Optional[int] = ..., dropped: _Optional[int] = ..., fitted: _Optional[int] = ..., positions: _Optional[_Union[Column, _Mapping]] = ..., ids: _Optional[_Union[Column, _Mapping]] = ..., labels: _Optional[_Union[Column, _Mapping]] = ..., predicted: _Optional[_Union[Column, _Mapping]] = ..., probabilities: _Optional[_Union[Column, _Mapping]] = ..., classes: _Optional[bytes] = ..., columns: _Optional[_Iterable[_Union[NamedColumn, _Mapping]]] = ..., neighbours: _Optional[_Union[Column, _Mapping]] = ..., distances: _Optional[_Union[Column, _Mapping]] = ..., thumbnails: _Optional[_Union[Thumbnails, _Mapping]] = ..., measures: _Optional[_Iterable[_Union[Measure, _Mapping]]] = ..., class_distances: _Optional[_Union[ClassDistances, _Mapping]] = ..., notes: _Optional[_Iterable[str]] = ...) -> None: ...

class NamedColumn(_message.Message):
    __slots__ = ("name", "values", "categories", "low", "high")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    CATEGORIES_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    name: str
    values: Column
    categories: bytes
    low: float
    high: float
    def __init__(self, name: _Optional[str] = ..., values: _Optional[_Union[Column, _Mapping]] = ..., categories: _Optional[bytes] = ..., low: _Optional[float] = ..., high: _Optional[float] = ...) -> None: ...

class Thumbnails(_message.Message):
    __slots__ = ("height", "width", "down", "across", "sheets")
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    DOWN_FIELD_NUMBER: _ClassVar[int]
    ACROSS_FIELD_NUMBER: _ClassVar[int]
    SHEETS_FIELD_NUMBER: _ClassVar[int]
    height: int
    width: int
    down: int
    across: int
    sheets: Column
    def __init__(self, height: _Optional[int] = ..., width: _Optional[int] = ..., down: _Optional[int] = ..., across: _Optional[int] = ..., sheets: _Optional[_Union[Column, _Mapping]] = ...) -> None: ...

class Measure(_message.Message):
    __slots__ = ("name", "value", "better")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    BETTER_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: float
    better: Better
    def __init__(self, name: _Optional[str] = ..., value: _Optional[float] = ..., better: _Optional[_Union[Better, str]] = ...) -> None: ...

class ClassDistances(_message.Message):
    __slots__ = ("classes", "counts", "spreads", "silhouettes", "purities", "distances", "neighbours", "confusions", "pairs", "agreement")
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    SPREADS_FIELD_NUMBER: _ClassVar[int]
    SILHOUETTES_FIELD_NUMBER: _ClassVar[int]
    PURITIES_FIELD_NUMBER: _ClassVar[int]
    DISTANCES_FIELD_NUMBER: _ClassVar[int]
    NEIGHBOURS_FIELD_NUMBER: _ClassVar[int]
    CONFUSIONS_FIELD_NUMBER: _ClassVar[int]
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    classes: _containers.RepeatedScalarFieldContainer[int]
    counts: _containers.RepeatedScalarFieldContainer[int]
    spreads: _containers.RepeatedScalarFieldContainer[float]
    silhouettes: _containers.RepeatedScalarFieldContainer[float]
    purities: _containers.RepeatedScalarFieldContainer[float]
    distances: Column
    neighbours: Column
    confusions: Column
    pairs: _containers.RepeatedCompositeFieldContainer[ClassPair]
    agreement: float
    def __init__(self, classes: _Optional[_Iterable[int]] = ..., counts: _Optional[_Iterable[int]] = ..., spreads: _Optional[_Iterable[float]] = ..., silhouettes: _Optional[_Iterable[float]] = ..., purities: _Optional[_Iterable[float]] = ..., distances: _Optional[_Union[Column, _Mapping]] = ..., neighbours: _Optional[_Union[Column, _Mapping]] = ..., confusions: _Optional[_Union[Column, _Mapping]] = ..., pairs: _Optional[_Iterable[_Union[ClassPair, _Mapping]]] = ..., agreement: _Optional[float] = ...) -> None: ...

class ClassPair(_message.Message):
    __slots__ = ("first", "second", "distance", "separability", "neighbours", "confusions", "rows")
    FIRST_FIELD_NUMBER: _ClassVar[int]
    SECOND_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_FIELD_NUMBER: _ClassVar[int]
    SEPARABILITY_FIELD_NUMBER: _ClassVar[int]
    NEIGHBOURS_FIELD_NUMBER: _ClassVar[int]
    CONFUSIONS_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    first: int
    second: int
    distance: float
    separability: float
    neighbours: float
    confusions: int
    rows: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, first: _Optional[int] = ..., second: _Optional[int] = ..., distance: _Optional[float] = ..., separability: _Optional[float] = ..., neighbours: _Optional[float] = ..., confusions: _Optional[int] = ..., rows: _Optional[_Iterable[int]] = ...) -> None: ...

class Channels(_message.Message):
    __slots__ = ("samples", "targets", "probabilities", "flags", "classes", "height", "width", "figures", "channels", "maps", "ranges", "statistics", "class_means", "tops", "maximised", "groups", "measures", "template_slope", "notes")
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    FIGURES_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    MAPS_FIELD_NUMBER: _ClassVar[int]
    RANGES_FIELD_NUMBER: _ClassVar[int]
    STATISTICS_FIELD_NUMBER: _ClassVar[int]
    CLASS_MEANS_FIELD_NUMBER: _ClassVar[int]
    TOPS_FIELD_NUMBER: _ClassVar[int]
    MAXIMISED_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    MEASURES_FIELD_NUMBER: _ClassVar[int]
    TEMPLATE_SLOPE_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    samples: _containers.RepeatedCompositeFieldContainer[Sample]
    targets: _containers.RepeatedScalarFieldContainer[int]
    probabilities: _containers.RepeatedScalarFieldContainer[float]
    flags: _containers.RepeatedScalarFieldContainer[int]
    classes: bytes
    height: int
    width: int
    figures: _containers.RepeatedCompositeFieldContainer[Figure]
    channels: int
    maps: _containers.RepeatedCompositeFieldContainer[Column]
    ranges: Column
    statistics: _containers.RepeatedCompositeFieldContainer[NamedColumn]
    class_means: Column
    tops: TopPatches
    maximised: Maximised
    groups: _containers.RepeatedCompositeFieldContainer[ChannelGroup]
    measures: _containers.RepeatedCompositeFieldContainer[Measure]
    template_slope: float
    notes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, samples: _Optional[_Iterable[_Union[Sample, _Mapping]]] = ..., targets: _Optional[_Iterable[int]] = ..., probabilities: _Optional[_Iterable[float]] = ..., flags: _Optional[_Iterable[int]] = ..., classes: _Optional[bytes] = ..., height: _Optional[int] = ..., width: _Optional[int] = ..., figures: _Optional[_Iterable[_Union[Figure, _Mapping]]] = ..., channels: _Optional[int] = ..., maps: _Optional[_Iterable[_Union[Column, _Mapping]]] = ..., ranges: _Optional[_Union[Column, _Mapping]] = ..., statistics: _Optional[_Iterable[_Union[NamedColumn, _Mapping]]] = ..., class_means: _Optional[_Union[Column, _Mapping]] = ..., tops: _Optional[_Union[TopPatches, _Mapping]] = ..., maximised: _Optional[_Union[Maximised, _Mapping]] = ..., groups: _Optional[_Iterable[_Union[ChannelGroup, _Mapping]]] = ..., measures: _Optional[_Iterable[_Union[Measure, _Mapping]]] = ..., template_slope: _Optional[float] = ..., notes: _Optional[_Iterable[str]] = ...) -> None: ...

class TopPatches(_message.Message):
    __slots__ = ("count", "pictures", "values", "images", "labels", "boxes")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    PICTURES_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    BOXES_FIELD_NUMBER: _ClassVar[int]
    count: int
    pictures: Thumbnails
    values: Column
    images: Column
    labels: Column
    boxes: Column
    def __init__(self, count: _Optional[int] = ..., pictures: _Optional[_Union[Thumbnails, _Mapping]] = ..., values: _Optional[_Union[Column, _Mapping]] = ..., images: _Optional[_Union[Column, _Mapping]] = ..., labels: _Optional[_Union[Column, _Mapping]] = ..., boxes: _Optional[_Union[Column, _Mapping]] = ...) -> None: ...

class Maximised(_message.Message):
    __slots__ = ("recipe", "objectives", "channels", "pictures", "traces", "states")
    RECIPE_FIELD_NUMBER: _ClassVar[int]
    OBJECTIVES_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    PICTURES_FIELD_NUMBER: _ClassVar[int]
    TRACES_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    recipe: str
    objectives: _containers.RepeatedScalarFieldContainer[str]
    channels: Column
    pictures: Thumbnails
    traces: Column
    states: Column
    def __init__(self, recipe: _Optional[str] = ..., objectives: _Optional[_Iterable[str]] = ..., channels: _Optional[_Union[Column, _Mapping]] = ..., pictures: _Optional[_Union[Thumbnails, _Mapping]] = ..., traces: _Optional[_Union[Column, _Mapping]] = ..., states: _Optional[_Union[Column, _Mapping]] = ...) -> None: ...

class ChannelGroup(_message.Message):
    __slots__ = ("channels", "relation", "similarity", "cost")
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    RELATION_FIELD_NUMBER: _ClassVar[int]
    SIMILARITY_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    channels: _containers.RepeatedScalarFieldContainer[int]
    relation: str
    similarity: float
    cost: float
    def __init__(self, channels: _Optional[_Iterable[int]] = ..., relation: _Optional[str] = ..., similarity: _Optional[float] = ..., cost: _Optional[float] = ...) -> None: ...
