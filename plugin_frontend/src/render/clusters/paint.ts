/**
 * From clusters to pixels, one a cell: the canvas has as many as the map has cells, and is enlarged without smoothing.
 *
 *     shown                  the cluster's colour
 *     filtered out           transparent
 *     while one is lit       its own cells half transparent, so that what it covers can be seen; all others veiled
 */
import { NOTHING } from "./project.ts";

export type ClusterStyle = {
  /** A pixel for each cluster. */
  colours: Uint32Array;
  /** Which clusters the filters leave. */
  shown: readonly boolean[];
  /** The cluster that is pointed at or pinned; `null`: none. */
  lit: number | null;
  /** The pixel that fades the rest. */
  veil: number;
};

const LIT_ALPHA = 150;

export function paintClusters(
  labels: Int32Array,
  { colours, shown, lit, veil }: ClusterStyle,
  pixels: Uint32Array,
): void {
  const table = new Uint32Array(colours.length);
  for (let c = 0; c < table.length; c++) {
    if (lit !== null) table[c] = c === lit ? withAlpha(colours[c] as number, LIT_ALPHA) : veil;
    else if (shown[c]) table[c] = colours[c] as number;
  }
  const none = lit === null ? 0 : veil;
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number;
    pixels[i] = label === NOTHING ? none : (table[label] as number);
  }
}

const pixel = new Uint32Array(1);
const channels = new Uint8Array(pixel.buffer);

/** Written through bytes, so that it is right whatever the machine's byte order. */
function withAlpha(colour: number, alpha: number): number {
  pixel[0] = colour;
  channels[3] = alpha;
  return pixel[0] as number;
}
