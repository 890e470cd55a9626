import {
  create,
  type DescField,
  type DescMessage,
  fromBinary as independently,
  ScalarType,
  toBinary,
} from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { file_tb_explain_records_explain as file } from "./explain_pb.ts";
import * as messages from "./messages.ts";
import { fromBinary, type Schema } from "./read.ts";

/** Of index files, which the page does not read. */
const OTHERS = ["Entry", "Segment", "Series", "Failure", "Kind"];
const MESSAGES = inOrder(file.messages.filter(({ name }) => !OTHERS.includes(name)));
const ENUMS = file.enums.filter(({ name }) => !OTHERS.includes(name));

test("messages.ts is what the schema says; `npx vitest run src/records -u` writes it", async () => {
  const factories = new Set(
    MESSAGES.flatMap(({ fields }) => fields.flatMap((field) => source(field).match(/\w+(?=\()/g))),
  );
  const text = [
    "/** The messages of explain.proto that the page reads, written by messages.test.ts from the compiled schema. Not to be edited. */",
    `import { ${[...factories].sort().join(", ")}, type Message, schema } from "./read.ts";`,
    ...ENUMS.map(
      ({ name, values }) => `
export const ${name} = {
${values.map(({ localName, number }) => `  ${localName}: ${number},\n`).join("")}} as const;
export type ${name} = (typeof ${name})[keyof typeof ${name}];`,
    ),
    ...MESSAGES.map(
      ({ name, fields }) => `
export const ${name}Schema = schema({
${fields.map((field) => `  ${field.localName}: ${source(field)},\n`).join("")}});
export type ${name} = Message<typeof ${name}Schema>;`,
    ),
    "",
  ];
  await expect(text.join("\n")).toMatchFileSnapshot("./messages.ts");
});

test.each(MESSAGES)("$name is read as by another reader, whatever its content", (described) => {
  const own = (messages as unknown as Record<string, Schema<never>>)[`${described.name}Schema`] as Schema<never>;
  const next = numbers(described.name.length);
  for (let i = 0; i < 30; i++) {
    const bytes = toBinary(described, create(described, invented(described, next)));
    expect(fromBinary(own, bytes)).toEqual(plain(described, independently(described, bytes)));
    if (bytes.length > 1) expect(() => fromBinary(own, bytes.subarray(0, -1))).toThrow();
  }
});

test("what a newer writer adds is skipped, whatever its form", () => {
  const known = toBinary(
    file.messages.find(({ name }) => name === "ClassNames") as DescMessage,
    {
      $typeName: "tb_explain.ClassNames",
      names: ["ant"],
    } as never,
  );
  for (const added of [
    [0xf8, 1, 0xff, 1],
    [0xf9, 1, ...Array(8).fill(1)],
    [0xfa, 1, 2, 7, 7],
    [0xfd, 1, 1, 1, 1, 1],
  ])
    for (const bytes of [
      [...added, ...known],
      [...known, ...added],
    ])
      expect(fromBinary(messages.ClassNamesSchema, Uint8Array.from(bytes))).toEqual({ names: ["ant"] });
  expect(() => fromBinary(messages.ClassNamesSchema, Uint8Array.of(0xfb, 1))).toThrow("unknown form");
  expect(() => fromBinary(messages.ClassNamesSchema, new Uint8Array(12).fill(0xff))).toThrow("no end");
});

test("a field of another form than its own is as good as absent", () => {
  expect(fromBinary(messages.VolumeSchema, Uint8Array.of(0x0a, 1, 65))).toEqual(
    fromBinary(messages.VolumeSchema, Uint8Array.of()),
  );
});

/** What a message holds before those that hold it. */
function inOrder(described: readonly DescMessage[]): DescMessage[] {
  const ordered: DescMessage[] = [];
  const visit = (message: DescMessage) => {
    if (ordered.includes(message)) return;
    for (const field of message.fields) if (field.message) visit(field.message);
    ordered.push(message);
  };
  described.forEach(visit);
  return ordered;
}

/** A field as messages.ts declares it. */
function source(field: DescField): string {
  const one = field.message
    ? `nested(${field.message.name}Schema, ${field.number})`
    : field.enum
      ? `oneOf(${field.enum.name}, ${field.number})`
      : `${ScalarType[field.scalar as ScalarType].toLowerCase()}(${field.number})`;
  if (field.fieldKind === "list") return `repeated(${one})`;
  return field.proto.proto3Optional ? `optional(${one})` : one;
}

/** Reproducible numbers from 0 to 1. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

// biome-ignore lint/suspicious/noExplicitAny: any message
type Content = any;

/** A message with about half of its fields, of values small and large. */
function invented(message: DescMessage, next: () => number): Content {
  const content: Content = {};
  for (const field of message.fields)
    if (next() < 0.6)
      content[field.localName] =
        field.fieldKind === "list" ? Array.from({ length: next() * 5 }, () => value(field, next)) : value(field, next);
  return content;
}

function value(field: DescField, next: () => number): unknown {
  if (field.message) return create(field.message, invented(field.message, next));
  if (field.enum) return Math.floor(next() * field.enum.values.length);
  const whole = Math.floor(2 ** (next() * 31));
  switch (field.scalar) {
    case ScalarType.STRING:
      return "aß語🙂\0".repeat(next() * 50);
    case ScalarType.BYTES:
      return Uint8Array.from({ length: next() * 300 }, () => next() * 256);
    case ScalarType.BOOL:
      return next() < 0.5;
    case ScalarType.FLOAT:
      return next() < 0.1 ? Number.NaN : Math.fround((next() - 0.5) * whole);
    case ScalarType.SINT32:
      return next() < 0.5 ? whole : -whole;
    case ScalarType.FIXED64:
      return BigInt(Math.floor(next() * Number.MAX_SAFE_INTEGER));
    default:
      return 2 * whole;
  }
}

/** A message as the page's reader gives it: without names of types, and wide numbers as numbers. */
function plain(message: DescMessage, read: Content): Content {
  const one = (field: DescField, value: unknown) =>
    field.message && value ? plain(field.message, value) : typeof value === "bigint" ? Number(value) : value;
  return Object.fromEntries(
    message.fields.map((field) => [
      field.localName,
      Array.isArray(read[field.localName])
        ? read[field.localName].map((value: unknown) => one(field, value))
        : one(field, read[field.localName]),
    ]),
  );
}
