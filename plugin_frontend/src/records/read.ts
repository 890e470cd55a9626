/** Reads protobuf messages by the schemas of messages.ts: a table of fields, each with its number and how its bytes become a value. */

/** How a value lies in the bytes: the last three bits of what precedes it. */
const VARINT = 0;
const EIGHT_BYTES = 1;
const SIZED = 2;
const FOUR_BYTES = 5;

type Field<Value> = {
  number: number;
  wire: number;
  /** One value; of a repeated field, one of its values. */
  read: (cursor: Cursor) => unknown;
  /** What stands for a field that is not there. */
  absent: () => Value;
  repeated?: true;
};

// biome-ignore lint/suspicious/noExplicitAny: of whatever type
type Fields = Record<string, Field<any>>;
type Value<F> = F extends Field<infer V> ? V : never;

export type Schema<F extends Fields> = { fields: F; byNumber: ([name: string, field: F[string]] | undefined)[] };

export type Message<S> =
  S extends Schema<infer F>
    ? { [Name in keyof F as undefined extends Value<F[Name]> ? never : Name]: Value<F[Name]> } & {
        [Name in keyof F as undefined extends Value<F[Name]> ? Name : never]?: Value<F[Name]>;
      }
    : never;

/* @__NO_SIDE_EFFECTS__ */
export function schema<F extends Fields>(fields: F): Schema<F> {
  const byNumber: Schema<F>["byNumber"] = [];
  for (const [name, field] of Object.entries(fields)) byNumber[field.number] = [name, field as F[string]];
  return { fields, byNumber };
}

/** How many numbers and texts a message may hold, those of the messages in it included: two bytes can stand for a hundred. */
const MOST_VALUES = 2 ** 20;

/** As how many values a message in another counts. */
const MESSAGE = 16;

/** Nobody reads more bytes of a text than these; what follows is left out. */
const MOST_TEXT = 10_000;

/** What is left of MOST_VALUES. */
type Budget = { values: number };

/**
 * Throws one sentence when the bytes are no such message, or stand for more than a page can hold. Fields that the schema does
 * not know are skipped; bytes are not copied.
 */
export function fromBinary<F extends Fields>(of: Schema<F>, bytes: Uint8Array): Message<Schema<F>> {
  return messageIn(of, new Cursor(bytes, { values: MOST_VALUES }));
}

function messageIn<F extends Fields>(of: Schema<F>, cursor: Cursor): Message<Schema<F>> {
  const message: Record<string, unknown> = {};
  cursor.spend(MESSAGE);
  for (const name in of.fields) message[name] = of.fields[name]?.absent();
  while (!cursor.atEnd) {
    const key = cursor.varint();
    const wire = key & 7;
    const [name, field] = of.byNumber[key >>> 3] ?? [];
    if (!field || name === undefined) cursor.skip(wire);
    else if (field.repeated) {
      const values = message[name] as unknown[];
      if (wire === field.wire) values.push(field.read(cursor.spend(1)));
      else if (wire === SIZED)
        for (const packed = cursor.inner(); !packed.atEnd; ) values.push(field.read(packed.spend(1)));
      else cursor.skip(wire);
    } else if (wire === field.wire) message[name] = field.read(cursor);
    else cursor.skip(wire);
  }
  return message as Message<Schema<F>>;
}

class Cursor {
  #at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #budget: Budget;

  constructor(bytes: Uint8Array, budget: Budget) {
    this.#bytes = bytes;
    this.#budget = budget;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The cursor itself, if there may be so many more values. */
  spend(values: number): this {
    this.#budget.values -= values;
    if (this.#budget.values < 0) throw new Error("A message with more in it than a page can hold.");
    return this;
  }

  /** Over what is next, a length and as many bytes. */
  inner(): Cursor {
    return new Cursor(this.sized(), this.#budget);
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Its lowest 32 bits. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#view.getUint8(this.#pass(1));
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new Error("A number in a message has no end.");
  }

  float(): number {
    return this.#view.getFloat32(this.#pass(4), true);
  }

  wide(): number {
    const at = this.#pass(8);
    return this.#view.getUint32(at, true) + 2 ** 32 * this.#view.getUint32(at + 4, true);
  }

  sized(): Uint8Array {
    const length = this.varint();
    const start = this.#pass(length);
    return this.#bytes.subarray(start, start + length);
  }

  skip(wire: number): void {
    if (wire === VARINT) this.varint();
    else if (wire === SIZED) this.sized();
    else if (wire === EIGHT_BYTES) this.#pass(8);
    else if (wire === FOUR_BYTES) this.#pass(4);
    else throw new Error("A message with a field of an unknown form.");
  }

  /** Where the next `length` bytes begin, which are then behind the cursor. */
  #pass(length: number): number {
    const start = this.#at;
    if (start + length > this.#bytes.length) throw new Error("A message that ends too early.");
    this.#at += length;
    return start;
  }
}

const decoder = new TextDecoder();

const scalar =
  <V>(wire: number, absent: V, read: (cursor: Cursor) => V) =>
  (number: number): Field<V> => ({ number, wire, read, absent: () => absent });

export const uint32 = scalar(VARINT, 0, (cursor) => cursor.varint());
export const sint32 = scalar(VARINT, 0, (cursor) => zigzag(cursor.varint()));
export const bool = scalar(VARINT, false, (cursor) => cursor.varint() !== 0);
export const float = scalar(FOUR_BYTES, 0, (cursor) => cursor.float());
/** Exact up to 2^53 - 1; all that are larger are larger in JavaScript, too. */
export const fixed64 = scalar(EIGHT_BYTES, 0, (cursor) => cursor.wide());
export const string = scalar(SIZED, "", (cursor) => textOf(cursor.sized()));
export const bytes = scalar<Uint8Array>(SIZED, new Uint8Array(0), (cursor) => cursor.sized());

/** One of the numbers of an enumeration; a newer writer may have others. */
export function oneOf<V extends number>(_of: Record<string, V>, number: number): Field<V> {
  return { ...uint32(number), absent: () => 0 as V };
}

export function nested<F extends Fields>(of: Schema<F>, number: number): Field<Message<Schema<F>> | undefined> {
  return { number, wire: SIZED, read: (cursor) => messageIn(of, cursor.inner()), absent: () => undefined };
}

export function optional<V>(field: Field<V>): Field<V | undefined> {
  return { ...field, absent: () => undefined };
}

export function repeated<V>(field: Field<V>): Field<NonNullable<V>[]> {
  return { ...field, absent: () => [], repeated: true };
}

function textOf(bytes: Uint8Array): string {
  return bytes.length > MOST_TEXT ? `${decoder.decode(bytes.subarray(0, MOST_TEXT))}…` : decoder.decode(bytes);
}

function zigzag(value: number): number {
  return (value >>> 1) ^ -(value & 1);
}
