/** Voxels seen from the front, the side and the top: the greatest on the way. */
import type { ComponentChildren } from "preact";
import type { Volume } from "../../data/volumes.ts";
import { type Box, type Grid, uprightBox } from "../../render/voxels/grid.ts";
import { outlineOf, shadow, shadowOf, VIEWS, type View } from "../../render/voxels/projections.ts";
import { standing } from "../../state/standing_voxels.ts";
import { leastShown, up } from "../../state/voxels.ts";
import { usePainting } from "../painting.ts";
import { type Colours, colourer, ground, mix } from "./colours.ts";
import type { Part } from "./VoxelView.tsx";

type Props = { volume: Volume; label: string; colours?: Colours | undefined; part?: Part | undefined };

export function Projections({ volume, label, colours, part }: Props) {
  const { size } = standing(volume);
  const framed = part && uprightBox(volume, up.value, part.starts, part.stops);
  return (
    <div class="projections" data-testid="projections">
      {VIEWS.map((view) => (
        <figure key={view} class="voxel-projection">
          <Projection volume={volume} size={size} view={view} label={`${label}, ${view}`} colours={colours}>
            {framed && <Frame box={framed} size={size} view={view} />}
          </Projection>
          <figcaption>{view}</figcaption>
        </figure>
      ))}
    </div>
  );
}

type ProjectionProps = Props & { size: Grid["size"]; view: View; children: ComponentChildren };

function Projection({ volume, size, view, label, colours, children }: ProjectionProps) {
  const [columns, rows] = shadowOf(size, view);
  const canvas = usePainting(() => {
    const grid = standing(volume);
    const paint = painterOf(grid, leastShown(), colours);
    return (element) => paint(element, shadow(grid, view));
  }, [volume, view, colours]);
  return (
    <span class="projection-picture" style={{ aspectRatio: `${columns} / ${rows}` }}>
      <canvas
        ref={canvas}
        class="pixelated"
        width={columns}
        height={rows}
        role="img"
        aria-label={label}
        data-view={view}
      />
      {children}
    </span>
  );
}

/** Without colours of their own voxels are the stronger the greater they are, whatever the threshold. */
function painterOf(grid: Grid, least: number, colours: Colours | undefined) {
  const [empty, full] = ground();
  const colourOf = colourer(grid, least, colours);
  return (canvas: HTMLCanvasElement, { rows, columns, voxels }: ReturnType<typeof shadow>) => {
    const context = canvas.getContext("2d");
    if (!context) return;
    const image = context.createImageData(columns, rows);
    voxels.forEach((voxel, i) => {
      const value = grid.values[voxel] as number;
      const shown = value >= least ? 1 : 0;
      const colour = colours ? (shown ? colourOf(voxel) : empty) : mix(empty, full, value / 255);
      image.data.set([colour >> 16, (colour >> 8) & 255, colour & 255, 255], 4 * i);
    });
    context.putImageData(image, 0, 0);
  };
}

function Frame({ box, size, view }: { box: Box; size: Grid["size"]; view: View }) {
  const [columns, rows] = shadowOf(size, view);
  return (
    <svg class="layer" viewBox={`0 0 ${columns} ${rows}`} preserveAspectRatio="none" aria-hidden="true">
      <rect class="part-frame" {...outlineOf(box, size, view)} />
    </svg>
  );
}
