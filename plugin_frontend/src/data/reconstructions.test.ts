import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ReconstructionsSchema } from "../records/explain_pb.ts";
import { ERROR_RATIO, ERRORS } from "./errors.ts";
import { decodePayload } from "./payloads.ts";

type Made = MessageInitShape<typeof ReconstructionsSchema>;

const picture = (image: number, volume?: number) => ({
  image: Uint8Array.of(image),
  volume: volume === undefined ? new Uint8Array() : Uint8Array.of(volume),
});

const twoSamples: Made = {
  samples: [
    { image: Uint8Array.of(1), volume: Uint8Array.of(11), label: 0, predicted: 1 },
    { image: Uint8Array.of(2), label: 1, predicted: 1 },
  ],
  targets: [1, 1],
  height: 16,
  width: 48,
  figures: [
    { name: ERRORS[0], values: [10, 0] },
    { name: ERRORS[3], values: [18, 5] },
  ],
  reconstructions: [
    { layer: "conv1", pictures: [picture(3, 13), picture(4)], errors: [1.5, Number.NaN] },
    { layer: "", throughCentroids: true, pictures: [picture(5), picture(6)] },
    { layer: "", pictures: [picture(7, 17), picture(8)], errors: [2.5, 3.5] },
  ],
  representatives: [picture(9), picture(10)],
  fields: [
    {
      ...{ sample: 1, layer: "conv1", position: [2, 3], positions: [4, 5], starts: [0, 1], stops: [6, 7] },
      ...{ fieldStarts: [1, 2], fieldStops: [4, 5], input: picture(21), alone: picture(22), field: picture(23) },
      whole: picture(24),
    },
  ],
};

const decode = (made: Made) =>
  decodePayload("RECONSTRUCTIONS", "k", toBinary(ReconstructionsSchema, create(ReconstructionsSchema, made)));

test("each sample has its own reconstructions, representative and response fields", () => {
  const [first, second] = decode(twoSamples).samples;
  expect(first).toMatchObject({ id: "01", volume: "0b" });
  expect(first?.targets[0]?.detail).toEqual({
    kind: "RECONSTRUCTIONS",
    input: { image: "01", volume: "0b" },
    reconstructions: [
      { layer: "conv1", throughCentroids: false, picture: { image: "03", volume: "0d" }, error: 1.5 },
      { layer: "", throughCentroids: true, picture: { image: "05", volume: "" }, error: undefined },
      { layer: "", throughCentroids: false, picture: { image: "07", volume: "11" }, error: 2.5 },
    ],
    representative: { image: "09", volume: "" },
    prototype: undefined,
    fields: [],
  });
  const detail = second?.targets[0]?.detail;
  if (detail?.kind !== "RECONSTRUCTIONS") throw new Error("no reconstructions");
  expect(detail.reconstructions.map(({ picture: { image }, error }) => [image, error])).toEqual([
    ["04", undefined],
    ["06", undefined],
    ["08", 3.5],
  ]);
  expect(detail.fields).toEqual([
    {
      ...{ layer: "conv1", position: [2, 3], positions: [4, 5], starts: [0, 1], stops: [6, 7] },
      ...{ fieldStarts: [1, 2], fieldStops: [4, 5] },
      input: { image: "15", volume: "" },
      alone: { image: "16", volume: "" },
      field: { image: "17", volume: "" },
      whole: { image: "18", volume: "" },
    },
  ]);
});

test("a tile shows the class's reconstruction, or else that of the last layer", () => {
  const shown = (made: Made) => decode(made).samples[0]?.targets[0]?.map;
  expect(shown(twoSamples)).toMatchObject({
    form: "picture",
    picture: { image: "07", volume: "11" },
    height: 16,
    width: 48,
  });
  const [conv, centroids] = twoSamples.reconstructions ?? [];
  expect(shown({ ...twoSamples, reconstructions: [conv, centroids] as never })).toMatchObject({
    picture: { image: "05" },
  });
  expect(shown({ ...twoSamples, reconstructions: [conv] as never })).toMatchObject({ picture: { image: "03" } });
});

test("the last of the four errors by the first is a figure, where it can be told", () => {
  const figures = decode(twoSamples).samples.map(({ targets }) =>
    targets[0]?.figures.map(({ name, value }) => [name, value]),
  );
  expect(figures[0]).toEqual([
    [ERRORS[0], 10],
    [ERRORS[3], 18],
    [ERROR_RATIO, 1.8],
  ]);
  expect(figures[1]).toEqual([
    [ERRORS[0], 0],
    [ERRORS[3], 5],
  ]);
});

test("reconstructions that contradict themselves are refused", () => {
  const [field] = twoSamples.fields as [NonNullable<Made["fields"]>[number]];
  const [conv] = twoSamples.reconstructions as [NonNullable<Made["reconstructions"]>[number]];
  const broken: [Partial<Made>, string][] = [
    [{ reconstructions: [{ ...conv, pictures: [picture(1)] } as never] }, "contradict their samples"],
    [{ reconstructions: [{ ...conv, errors: [1] } as never] }, "contradicts"],
    [{ prototypes: [picture(1)] }, "contradict their samples"],
    [{ fields: [{ ...field, sample: 2 } as never] }, "contradicts itself"],
    [{ fields: [{ ...field, position: [4, 0] } as never] }, "contradicts itself"],
    [{ fields: [{ ...field, stops: [1] } as never] }, "contradicts itself"],
    [{ fields: [{ ...field, fieldStops: [1] } as never] }, "contradicts itself"],
    [{ targets: [1] }, "contradicts"],
  ];
  for (const [change, message] of broken) expect(() => decode({ ...twoSamples, ...change } as Made)).toThrow(message);
});
