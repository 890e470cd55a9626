import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ArraySchema, type ClusterPathSchema, type Clusters, ClustersSchema, DType } from "../records/explain_pb.ts";
import type { ClusterDetail, Placed } from "./clusters.ts";
import { decodePayload } from "./payloads.ts";

const floats = (shape: number[], values: number[]) =>
  create(ArraySchema, { dtype: DType.FLOAT32, shape, data: new Uint8Array(Float32Array.from(values).buffer) });

const bytes = (shape: number[], values: number[]) =>
  create(ArraySchema, { dtype: DType.UINT8, shape, data: Uint8Array.from(values) });

/** Two samples on a grid of 1 x 3, three clusters, two classes. */
const path = (assignments: number[]): MessageInitShape<typeof ClusterPathSchema> => ({
  assignments: bytes([2, 1, 3], assignments),
  ids: [7, 4, 9],
  histograms: floats([3, 2], [0.75, 0.25, 0.125, 0.875, 0.5, 0.5]),
  shares: [0.5, 0.25, 0.25],
  purity: [0.75, 0.875, 0.5],
  entropy: [0.8, 0.5, 1],
  evidence: floats([2, 2], [Math.log(0.2), Math.log(0.6), 3, 3]),
  association: 0.375,
  patches: [
    { cluster: 2, picture: { image: Uint8Array.of(0xab) }, label: 1, distance: 0.5, sample: 6, position: [0, 1] },
    { cluster: 0, picture: { volume: Uint8Array.of(0xcd) }, distance: 0.25, starts: [0, 2], stops: [4, 8] },
  ],
});

const message = (): Clusters =>
  create(ClustersSchema, {
    samples: [{ label: 0, predicted: 1 }, { label: 1 }],
    targets: [1, 1],
    height: 8,
    width: 24,
    order: 2,
    forward: path([0, 1, 2, 2, 2, 0]),
    feedback: path([1, 1, 1, 0, 0, 0]),
    turning: [1, -1],
    novelty: [0.25, Number.NaN],
    counts: [
      { clusters: 8, silhouette: 0.5 },
      { clusters: 3, silhouette: 0.25 },
    ],
  });

const decode = (made: Clusters) => decodePayload("CLUSTERS", "k", toBinary(ClustersSchema, made));
const details = (made: Clusters) => decode(made).samples.map(({ targets }) => targets[0]?.detail as ClusterDetail);

test("clusters decode to where each sample is on both paths", () => {
  const [first, second] = details(message());
  expect(first).toMatchObject({ order: 2, turning: 1, counts: [{ clusters: 3 }, { clusters: 8 }] });
  expect(second?.turning).toBeUndefined(); // -1
  expect([first?.novelty, second?.novelty]).toEqual([0.25, undefined]);
  expect([...(first?.forward.map.labels ?? [])]).toEqual([0, 1, 2]);
  expect([...(second?.forward.map.labels ?? [])]).toEqual([2, 2, 0]);
  expect([...(second?.feedback?.map.labels ?? [])]).toEqual([0, 0, 0]);
  expect(first?.forward.map).toMatchObject({ way: "forward", height: 8, width: 24 });
  expect(first?.feedback?.map.way).toBe("feedback");
});

test("clusters know their most frequent class and their patches", () => {
  const [{ path }] = details(message()).map(({ forward }) => forward) as [Placed];
  expect(path).toMatchObject({ grid: [1, 3], ids: [7, 4, 9], classes: 2, dominant: [0, 1, 0], association: 0.375 });
  expect(path.patches).toMatchObject([
    { cluster: 2, picture: { image: "ab", volume: "" }, label: 1, distance: 0.5, sample: 6, position: [0, 1] },
    { cluster: 0, picture: { image: "", volume: "cd" }, label: undefined, starts: [0, 2], stops: [4, 8] },
  ]);
});

test("evidence becomes probabilities that sum to one", () => {
  const evidence = details(message()).map(({ forward }) => [...(forward.evidence ?? [])].map(Math.exp));
  expect(evidence[0]?.[0]).toBeCloseTo(0.25, 6);
  expect(evidence[0]?.[1]).toBeCloseTo(0.75, 6);
  expect(evidence[1]).toEqual([expect.closeTo(0.5, 6), expect.closeTo(0.5, 6)]);
});

test("the picture of positions in a volume has room for three projections", () => {
  const made = message();
  Object.assign(made.forward?.assignments ?? {}, { shape: [2, 1, 3, 1] });
  Object.assign(made, { feedback: undefined });
  expect(decode(made)).toMatchObject({ height: 8, width: 24 }); // as logged
  made.height = 0;
  expect(decode(made)).toMatchObject({ height: 3, width: 3 }); // max(h, d) and w + d + w
});

test("without classes a cluster has none that is most frequent, and nothing speaks for any", () => {
  const made = message();
  Object.assign(made, { feedback: undefined });
  Object.assign(made.forward ?? {}, {
    histograms: floats([3, 0], []),
    evidence: floats([2, 0], []),
    purity: [0, 0, 0],
  });
  expect(details(made)[0]?.forward).toMatchObject({
    evidence: undefined,
    path: { classes: 0, dominant: [-1, -1, -1] },
  });
});

test("what may be absent may be absent", () => {
  const made = message();
  made.turning = [];
  made.counts = [];
  Object.assign(made, { feedback: undefined });
  Object.assign(made.forward ?? {}, { evidence: undefined, patches: [] });
  expect(details(made)[1]).toMatchObject({ turning: undefined, feedback: undefined, forward: { evidence: undefined } });
});

test("clusters that contradict themselves are refused", () => {
  const broken = (change: (made: Clusters, forward: NonNullable<Clusters["forward"]>) => void) => {
    const made = message();
    change(made, made.forward as NonNullable<Clusters["forward"]>);
    return () => decode(made);
  };
  expect(broken((made) => Object.assign(made, { forward: undefined }))).toThrow("without assignments");
  expect(broken((_, { assignments }) => assignments?.shape.pop())).toThrow("without assignments");
  expect(broken((_, { assignments }) => assignments?.data.set([3], 2))).toThrow("do not exist");
  expect(broken((_, { assignments }) => Object.assign(assignments ?? {}, { shape: [3, 1, 2] }))).toThrow("samples");
  expect(broken((_, { ids }) => ids.splice(0))).toThrow("there is none");
  expect(broken((_, { ids }) => ids.splice(0, 1, 4))).toThrow("one name for several");
  expect(broken((_, { purity }) => purity.pop())).toThrow("contradict their number");
  expect(
    broken((_, { ids, shares, purity, entropy }) => [ids, shares, purity, entropy].map((all) => all.pop())),
  ).toThrow("contradict the clusters");
  expect(broken((_, forward) => Object.assign(forward, { histograms: undefined }))).toThrow("without histograms");
  expect(broken((_, forward) => Object.assign(forward, { evidence: floats([2, 1], [0, 0]) }))).toThrow("the classes");
  expect(broken((_, forward) => Object.assign(forward, { support: floats([6], [0, 0, 0, 0, 0, 0]) }))).toThrow(
    "Support",
  );
  expect(broken((_, { patches }) => Object.assign(patches[0] ?? {}, { cluster: 3 }))).toThrow("do not exist");
  expect(broken(({ novelty }) => novelty.pop())).toThrow("contradicts its targets");
  expect(broken(({ turning }) => turning.pop())).toThrow("contradicts its targets");
  expect(broken(({ targets }) => targets.push(0))).toThrow("contradicts its samples");
});
