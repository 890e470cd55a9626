/** The values of columns, by content hash: those that do not change from step to step are fetched once. */
import { fetchColumn } from "../data/client.ts";
import { type Column, type Stored, storedIn } from "../data/columns.ts";
import { Blobs, type Lookup } from "./blobs.ts";

/** Positions of a million rows at eight steps, and what else is shown of them. */
const BUDGET = 160 * 1024 * 1024;

const kept = new Blobs<ArrayBuffer>(BUDGET, fetchColumn, ({ byteLength }) => byteLength);

/** What calls this in an effect is called again when the values have arrived. */
export function lookAt(run: string, column: Column | undefined): Lookup<Stored> {
  if (!column) return null;
  const buffer = kept.look(run, column.hash);
  return buffer && readable(column, buffer);
}

/** Rejects with one sentence when the values cannot be read or do not fit. */
export async function loadColumn(run: string, column: Column): Promise<Stored> {
  return storedIn(column, await kept.load(run, column.hash));
}

function readable(column: Column, buffer: ArrayBuffer): Stored | null {
  try {
    return storedIn(column, buffer);
  } catch (reason) {
    console.warn(reason);
    return null;
  }
}
