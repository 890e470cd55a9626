/** The matrix of classes: how far apart they are, whose neighbours are whose, and which are taken for which. */
import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { type Column, numbersOf } from "../../data/columns.ts";
import type { ClassDistances } from "../../data/projections.ts";
import { gradient } from "../../render/heatmap/lut.ts";
import { linkageOrder } from "../../render/projection/linkage.ts";
import { paintMatrix } from "../../render/projection/matrix.ts";
import { colourMap } from "../../state/appearance.ts";
import { className } from "../../state/class_names.ts";
import { lookAt } from "../../state/columns.ts";
import { scaleLut } from "../../state/projection_colours.ts";
import type { Points } from "../../state/projection_frame.ts";
import { chosenPair, togglePair } from "../../state/projections.ts";
import { Segmented } from "../../widgets/Segmented.tsx";
import { compact } from "../explanations/format.ts";

type Kind = "distances" | "neighbours" | "confusions";

const TITLES: Record<Kind, string> = { distances: "Distance", neighbours: "Neighbours", confusions: "Confusions" };

const SENTENCES: Record<Kind, string> = {
  distances: "Cosine distance of the centroids; dark: near.",
  neighbours:
    "Of the nearest neighbours of rows of a class (row), the share of another (column). The diagonal is left out.",
  confusions: "Rows of a class (row) that are taken for another (column). The diagonal is left out.",
};

/** With more classes names would not fit beside the rows. */
const NAMED = 20;

export function DistanceMatrix({ points, distances }: { points: Points; distances: ClassDistances }) {
  const kind = useSignal<Kind>("distances");
  const cell = useSignal<[i: number, j: number] | null>(null);
  const { run } = points.series;
  const k = distances.classes.length;
  const values = (column: Column | undefined) => {
    const stored = lookAt(run, column);
    return column && stored ? numbersOf(column, stored) : null;
  };
  const metric = values(distances.distances);
  const order = useMemo(() => (metric ? linkageOrder(metric, k) : []), [distances.distances.hash, metric === null]);
  const kinds = (["distances", "neighbours", "confusions"] as const).filter((one) => distances[one]);
  const shown = values(distances[kind.value]);
  const nameOf = (at: number) => className(points.header.classes, distances.classes[order[at] as number]);
  const cellValue = (i: number, j: number) => shown?.[(order[i] as number) * k + (order[j] as number)] as number;
  const text = (value: number) =>
    kind.value === "neighbours"
      ? `${(100 * value).toFixed(1)}%`
      : kind.value === "confusions"
        ? String(value)
        : compact(value);
  const chosen = chosenPair.value;
  return (
    <section class="matrix" aria-label="Distances of classes" data-testid="matrix" data-kind={kind.value}>
      <Segmented<Kind>
        label={`${k} classes, near ones side by side`}
        value={kind.value}
        options={kinds.map((one) => [one, TITLES[one]] as const)}
        testId="matrix-kind"
        onChange={(value) => {
          kind.value = value;
        }}
      />
      {shown && order.length === k ? (
        <div class="matrix-body" data-named={k <= NAMED || undefined}>
          {k <= NAMED && (
            <ol class="matrix-names" aria-hidden="true">
              {order.map((_, at) => (
                <li key={at} title={nameOf(at)} data-lit={cell.value?.includes(at) || undefined}>
                  {nameOf(at)}
                </li>
              ))}
            </ol>
          )}
          <MatrixCanvas
            values={shown}
            order={order}
            diagonal={kind.value === "distances"}
            label={`${TITLES[kind.value]} of ${k} classes. The table below lists the most confusable pairs.`}
            onPoint={(at) => {
              cell.value = at;
            }}
            onPick={([i, j]) => {
              const [a, b] = [i, j].map((at) => distances.classes[order[at] as number] as number).sort((x, y) => x - y);
              if (a !== undefined && b !== undefined && a !== b) togglePair(pairOf(distances, a, b));
            }}
          />
        </div>
      ) : (
        <p class="hint">
          {shown === null && lookAt(run, distances[kind.value]) === null ? "The matrix cannot be read." : "Loading …"}
        </p>
      )}
      <p class="matrix-reading" data-testid="matrix-reading">
        {cell.value && shown ? (
          <>
            {nameOf(cell.value[0])} {cell.value[0] === cell.value[1] ? "" : `→ ${nameOf(cell.value[1])}`}
            <strong>{text(cellValue(...cell.value))}</strong>
          </>
        ) : chosen ? (
          `${className(points.header.classes, chosen.first)} – ${className(points.header.classes, chosen.second)} are shown alone.`
        ) : (
          SENTENCES[kind.value]
        )}
      </p>
      <div class="matrix-scale" style={{ background: gradient(colourMap.value) }} aria-hidden="true" />
    </section>
  );
}

/** As the list of pairs calls it. */
function pairOf({ pairs }: ClassDistances, a: number, b: number) {
  const found = pairs.find(({ first, second }) => (first === a && second === b) || (first === b && second === a));
  return found ? { first: found.first, second: found.second } : { first: a, second: b };
}

type CanvasProps = {
  values: Float32Array;
  order: readonly number[];
  diagonal: boolean;
  label: string;
  onPoint: (cell: [number, number] | null) => void;
  onPick: (cell: [number, number]) => void;
};

/** Keys have the table of pairs, which does the same. */
function MatrixCanvas({ values, order, diagonal, label, onPoint, onPick }: CanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const n = order.length;
  const lut = scaleLut.value;
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const image = new ImageData(n, n);
    paintMatrix(new Uint32Array(image.data.buffer), values, order, lut, diagonal);
    context.putImageData(image, 0, 0);
  });
  const cellAt = (event: MouseEvent): [number, number] => {
    const { left, top, width, height } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const along = (share: number) => Math.min(n - 1, Math.max(0, Math.floor(n * share)));
    return [along((event.clientY - top) / height), along((event.clientX - left) / width)];
  };
  return (
    <canvas
      ref={canvas}
      class="matrix-canvas"
      width={n}
      height={n}
      role="img"
      aria-label={label}
      data-testid="matrix-canvas"
      onPointerMove={(event) => onPoint(cellAt(event))}
      onPointerLeave={() => onPoint(null)}
      onClick={(event) => onPick(cellAt(event))}
    />
  );
}
