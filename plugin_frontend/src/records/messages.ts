/** The messages of explain.proto that the page reads, written by messages.test.ts from the compiled schema. Not to be edited. */
import { bool, bytes, fixed64, float, nested, oneOf, optional, repeated, sint32, string, uint32, type Message, schema } from "./read.ts";

export const DType = {
  DTYPE_UNSPECIFIED: 0,
  UINT8: 1,
  UINT16: 2,
  INT32: 3,
  FLOAT16: 4,
  FLOAT32: 5,
  UINT32: 6,
  UINT64: 7,
} as const;
export type DType = (typeof DType)[keyof typeof DType];

export const Better = {
  NEITHER: 0,
  HIGHER: 1,
  LOWER: 2,
} as const;
export type Better = (typeof Better)[keyof typeof Better];

export const Flag = {
  OK: 0,
  NOT_FINITE: 1,
  ALL_ZERO: 2,
  ZERO_GRADIENT: 4,
  ONE_SEGMENT: 8,
  SATURATED: 16,
  POOR_FIT: 32,
} as const;
export type Flag = (typeof Flag)[keyof typeof Flag];

export const ArraySchema = schema({
  dtype: oneOf(DType, 1),
  shape: repeated(uint32(2)),
  data: bytes(3),
  scale: repeated(float(4)),
  offset: repeated(float(5)),
});
export type Array = Message<typeof ArraySchema>;

export const ColumnSchema = schema({
  values: bytes(1),
  dtype: oneOf(DType, 2),
  shape: repeated(uint32(3)),
  scale: float(4),
  offset: float(5),
});
export type Column = Message<typeof ColumnSchema>;

export const ClassNamesSchema = schema({
  names: repeated(string(1)),
});
export type ClassNames = Message<typeof ClassNamesSchema>;

export const SampleSchema = schema({
  image: bytes(1),
  label: optional(uint32(2)),
  predicted: optional(uint32(3)),
  probability: optional(float(4)),
  name: string(5),
  segments: bytes(6),
  volume: bytes(7),
  id: fixed64(8),
});
export type Sample = Message<typeof SampleSchema>;

export const VolumeSchema = schema({
  depth: uint32(1),
  height: uint32(2),
  width: uint32(3),
  deflated: bytes(4),
});
export type Volume = Message<typeof VolumeSchema>;

export const PictureSchema = schema({
  image: bytes(1),
  volume: bytes(2),
});
export type Picture = Message<typeof PictureSchema>;

export const LabelMapSchema = schema({
  height: uint32(1),
  width: uint32(2),
  count: uint32(3),
  deflated: bytes(4),
});
export type LabelMap = Message<typeof LabelMapSchema>;

export const FigureSchema = schema({
  name: string(1),
  values: repeated(float(2)),
  random: repeated(float(3)),
  centred: repeated(float(4)),
  better: oneOf(Better, 5),
});
export type Figure = Message<typeof FigureSchema>;

export const SummarySchema = schema({
  samples: repeated(nested(SampleSchema, 1)),
  targets: repeated(sint32(3)),
  probabilities: repeated(float(4)),
  flags: repeated(uint32(5)),
  classes: bytes(6),
  height: uint32(9),
  width: uint32(10),
  figures: repeated(nested(FigureSchema, 11)),
});
export type Summary = Message<typeof SummarySchema>;

export const HeatmapsSchema = schema({
  samples: repeated(nested(SampleSchema, 1)),
  maps: nested(ArraySchema, 2),
  targets: repeated(sint32(3)),
  probabilities: repeated(float(4)),
  flags: repeated(uint32(5)),
  classes: bytes(6),
  signed: bool(7),
  classDependent: bool(8),
  height: uint32(9),
  width: uint32(10),
  figures: repeated(nested(FigureSchema, 11)),
});
export type Heatmaps = Message<typeof HeatmapsSchema>;

export const SuperpixelsSchema = schema({
  samples: repeated(nested(SampleSchema, 1)),
  targets: repeated(sint32(3)),
  probabilities: repeated(float(4)),
  flags: repeated(uint32(5)),
  classes: bytes(6),
  height: uint32(9),
  width: uint32(10),
  figures: repeated(nested(FigureSchema, 11)),
  weights: nested(ArraySchema, 12),
  errors: nested(ArraySchema, 13),
  intercepts: repeated(float(14)),
  r2: repeated(float(15)),
  forwards: uint32(16),
});
export type Superpixels = Message<typeof SuperpixelsSchema>;

export const SliderSchema = schema({
  height: uint32(1),
  width: uint32(2),
  rows: nested(ArraySchema, 3),
  columns: nested(ArraySchema, 4),
  scores: nested(ArraySchema, 5),
  predicted: nested(ArraySchema, 6),
});
export type Slider = Message<typeof SliderSchema>;

export const OcclusionSchema = schema({
  samples: repeated(nested(SampleSchema, 1)),
  targets: repeated(sint32(3)),
  probabilities: repeated(float(4)),
  flags: repeated(uint32(5)),
  classes: bytes(6),
  height: uint32(9),
  width: uint32(10),
  figures: repeated(nested(FigureSchema, 11)),
  score: string(12),
  scores: repeated(float(13)),
  sliders: repeated(nested(SliderSchema, 14)),
});
export type Occlusion = Message<typeof OcclusionSchema>;

export const WindowsSchema = schema({
  height: uint32(1),
  width: uint32(2),
  corners: nested(ArraySchema, 3),
  alone: nested(ArraySchema, 4),
});
export type Windows = Message<typeof WindowsSchema>;

export const OcclusionPairsSchema = schema({
  samples: repeated(nested(SampleSchema, 1)),
  targets: repeated(sint32(3)),
  probabilities: repeated(float(4)),
  flags: repeated(uint32(5)),
  classes: bytes(6),
  height: uint32(9),
  width: uint32(10),
  figures: repeated(nested(FigureSchema, 11)),
  score: string(12),
  scores: repeated(float(13)),
  held: nested(WindowsSchema, 14),
  moved: nested(WindowsSchema, 15),
  pairs: nested(ArraySchema, 16),
});
export type OcclusionPairs = Message<typeof OcclusionPairsSchema>;

export const GroupSchema = schema({
  superpixels: repeated(uint32(1)),
  correlation: float(2),
});
export type Group = Message<typeof GroupSchema>;

export const BlockCountSchema = schema({
  superpixels: uint32(1),
  correlation: float(2),
});
export type BlockCount = Message<typeof BlockCountSchema>;

export const RelatedSchema = schema({
  pairs: nested(ArraySchema, 1),
  correlations: nested(ArraySchema, 2),
  errors: nested(ArraySchema, 3),
  joint: nested(ArraySchema, 4),
  groups: repeated(nested(GroupSchema, 5)),
  blockCounts: repeated(nested(BlockCountSchema, 6)),
});
export type Related = Message<typeof RelatedSchema>;

export const CorrelationsSchema = schema({
  samples: repeated(nested(SampleSchema, 1)),
  targets: repeated(sint32(3)),
  probabilities: repeated(float(4)),
  flags: repeated(uint32(5)),
  classes: bytes(6),
  height: uint32(9),
  width: uint32(10),
  figures: repeated(nested(FigureSchema, 11)),
  score: string(12),
  scores: repeated(float(13)),
  sensitivities: nested(ArraySchema, 14),
  errors: nested(ArraySchema, 15),
  related: repeated(nested(RelatedSchema, 16)),
});
export type Correlations = Message<typeof CorrelationsSchema>;

export const PatchSchema = schema({
  cluster: uint32(1),
  picture: nested(PictureSchema, 2),
  label: optional(uint32(3)),
  distance: float(4),
  sample: uint32(5),
  position: repeated(uint32(6)),
  starts: repeated(uint32(7)),
  stops: repeated(uint32(8)),
});
export type Patch = Message<typeof PatchSchema>;

export const ClusterPathSchema = schema({
  assignments: nested(ArraySchema, 1),
  ids: repeated(uint32(2)),
  histograms: nested(ArraySchema, 3),
  shares: repeated(float(4)),
  purity: repeated(float(5)),
  entropy: repeated(float(6)),
  evidence: nested(ArraySchema, 7),
  support: nested(ArraySchema, 8),
  association: float(9),
  patches: repeated(nested(PatchSchema, 10)),
});
export type ClusterPath = Message<typeof ClusterPathSchema>;

export const ClusterCountSchema = schema({
  clusters: uint32(1),
  silhouette: float(2),
});
export type ClusterCount = Message<typeof ClusterCountSchema>;

export const ClustersSchema = schema({
  samples: repeated(nested(SampleSchema, 1)),
  targets: repeated(sint32(3)),
  probabilities: repeated(float(4)),
  flags: repeated(uint32(5)),
  classes: bytes(6),
  height: uint32(9),
  width: uint32(10),
  figures: repeated(nested(FigureSchema, 11)),
  order: uint32(12),
  forward: nested(ClusterPathSchema, 13),
  feedback: nested(ClusterPathSchema, 14),
  turning: repeated(sint32(15)),
  counts: repeated(nested(ClusterCountSchema, 16)),
  novelty: repeated(float(17)),
});
export type Clusters = Message<typeof ClustersSchema>;

export const ReconstructionSchema = schema({
  layer: string(1),
  throughCentroids: bool(2),
  pictures: repeated(nested(PictureSchema, 3)),
  errors: repeated(float(4)),
});
export type Reconstruction = Message<typeof ReconstructionSchema>;

export const ResponseFieldSchema = schema({
  sample: uint32(1),
  layer: string(2),
  position: repeated(uint32(3)),
  starts: repeated(uint32(4)),
  stops: repeated(uint32(5)),
  fieldStarts: repeated(uint32(6)),
  fieldStops: repeated(uint32(7)),
  positions: repeated(uint32(8)),
  input: nested(PictureSchema, 9),
  alone: nested(PictureSchema, 10),
  field: nested(PictureSchema, 11),
  whole: nested(PictureSchema, 12),
});
export type ResponseField = Message<typeof ResponseFieldSchema>;

export const ReconstructionsSchema = schema({
  samples: repeated(nested(SampleSchema, 1)),
  targets: repeated(sint32(3)),
  probabilities: repeated(float(4)),
  flags: repeated(uint32(5)),
  classes: bytes(6),
  height: uint32(9),
  width: uint32(10),
  figures: repeated(nested(FigureSchema, 11)),
  reconstructions: repeated(nested(ReconstructionSchema, 12)),
  representatives: repeated(nested(PictureSchema, 13)),
  fields: repeated(nested(ResponseFieldSchema, 14)),
  prototypes: repeated(nested(PictureSchema, 15)),
});
export type Reconstructions = Message<typeof ReconstructionsSchema>;

export const NamedColumnSchema = schema({
  name: string(1),
  values: nested(ColumnSchema, 2),
  categories: bytes(3),
  low: float(4),
  high: float(5),
});
export type NamedColumn = Message<typeof NamedColumnSchema>;

export const ThumbnailsSchema = schema({
  height: uint32(1),
  width: uint32(2),
  down: uint32(3),
  across: uint32(4),
  sheets: nested(ColumnSchema, 5),
});
export type Thumbnails = Message<typeof ThumbnailsSchema>;

export const MeasureSchema = schema({
  name: string(1),
  value: float(2),
  better: oneOf(Better, 3),
});
export type Measure = Message<typeof MeasureSchema>;

export const ClassPairSchema = schema({
  first: uint32(1),
  second: uint32(2),
  distance: float(3),
  separability: float(4),
  neighbours: float(5),
  confusions: uint32(6),
  rows: repeated(uint32(7)),
});
export type ClassPair = Message<typeof ClassPairSchema>;

export const ClassDistancesSchema = schema({
  classes: repeated(uint32(1)),
  counts: repeated(uint32(2)),
  spreads: repeated(float(3)),
  silhouettes: repeated(float(4)),
  purities: repeated(float(5)),
  distances: nested(ColumnSchema, 6),
  neighbours: nested(ColumnSchema, 7),
  confusions: nested(ColumnSchema, 8),
  pairs: repeated(nested(ClassPairSchema, 9)),
  agreement: float(10),
});
export type ClassDistances = Message<typeof ClassDistancesSchema>;

export const ProjectionSchema = schema({
  rows: uint32(1),
  dropped: uint32(2),
  fitted: uint32(3),
  positions: nested(ColumnSchema, 4),
  ids: nested(ColumnSchema, 5),
  labels: nested(ColumnSchema, 6),
  predicted: nested(ColumnSchema, 7),
  probabilities: nested(ColumnSchema, 8),
  classes: bytes(9),
  columns: repeated(nested(NamedColumnSchema, 10)),
  neighbours: nested(ColumnSchema, 11),
  distances: nested(ColumnSchema, 12),
  thumbnails: nested(ThumbnailsSchema, 13),
  measures: repeated(nested(MeasureSchema, 14)),
  classDistances: nested(ClassDistancesSchema, 15),
  notes: repeated(string(16)),
});
export type Projection = Message<typeof ProjectionSchema>;

export const TopPatchesSchema = schema({
  count: uint32(1),
  pictures: nested(ThumbnailsSchema, 2),
  values: nested(ColumnSchema, 3),
  images: nested(ColumnSchema, 4),
  labels: nested(ColumnSchema, 5),
  boxes: nested(ColumnSchema, 6),
});
export type TopPatches = Message<typeof TopPatchesSchema>;

export const MaximisedSchema = schema({
  recipe: string(1),
  objectives: repeated(string(2)),
  channels: nested(ColumnSchema, 3),
  pictures: nested(ThumbnailsSchema, 4),
  traces: nested(ColumnSchema, 5),
  states: nested(ColumnSchema, 6),
});
export type Maximised = Message<typeof MaximisedSchema>;

export const ChannelGroupSchema = schema({
  channels: repeated(uint32(1)),
  relation: string(2),
  similarity: float(3),
  cost: optional(float(4)),
});
export type ChannelGroup = Message<typeof ChannelGroupSchema>;

export const ChannelsSchema = schema({
  samples: repeated(nested(SampleSchema, 1)),
  targets: repeated(sint32(3)),
  probabilities: repeated(float(4)),
  flags: repeated(uint32(5)),
  classes: bytes(6),
  height: uint32(9),
  width: uint32(10),
  figures: repeated(nested(FigureSchema, 11)),
  channels: uint32(12),
  maps: repeated(nested(ColumnSchema, 13)),
  ranges: nested(ColumnSchema, 14),
  statistics: repeated(nested(NamedColumnSchema, 15)),
  classMeans: nested(ColumnSchema, 16),
  tops: nested(TopPatchesSchema, 17),
  maximised: nested(MaximisedSchema, 18),
  groups: repeated(nested(ChannelGroupSchema, 19)),
  measures: repeated(nested(MeasureSchema, 20)),
  templateSlope: float(21),
  notes: repeated(string(22)),
});
export type Channels = Message<typeof ChannelsSchema>;
