/** Takes the answer of the `records` route apart: for each record a little-endian u32 length and that many bytes. */

export const UNREADABLE = 0xffffffff;
export const ASK_AGAIN = 0xfffffffe;

/** A payload, `null` for a record that cannot be read, or `undefined` for one that did not fit in this answer. */
type Payload = Uint8Array | null | undefined;

export function splitPayloads(answer: ArrayBuffer): Payload[] {
  const view = new DataView(answer);
  const payloads: Payload[] = [];
  let at = 0;
  while (at < answer.byteLength) {
    if (at + 4 > answer.byteLength) throw new Error("The answer ends inside a length.");
    const length = view.getUint32(at, true);
    at += 4;
    if (length === UNREADABLE) payloads.push(null);
    else if (length === ASK_AGAIN) payloads.push(undefined);
    else {
      if (at + length > answer.byteLength) throw new Error("The answer ends inside a record.");
      payloads.push(new Uint8Array(answer, at, length));
      at += length;
    }
  }
  return payloads;
}
