/** Inflates what records hold compressed, without ever inflating more than is expected. */

/**
 * The bytes of a zlib stream, of which there must be `expected`; stops once there are more. `what` it is stands in the
 * sentence that is thrown otherwise.
 */
export async function inflate(deflated: Uint8Array, expected: number, what: string): Promise<Uint8Array> {
  const reader = new Blob([deflated as Uint8Array<ArrayBuffer>])
    .stream()
    .pipeThrough(new DecompressionStream("deflate"))
    .getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new Error(`${what} that cannot be inflated.`);
    });
    if (done) break;
    length += value.length;
    if (length > expected) {
      void reader.cancel();
      break;
    }
    chunks.push(value);
  }
  if (length !== expected) throw new Error(`${what} that does not fit its size.`);
  const bytes = new Uint8Array(expected);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
