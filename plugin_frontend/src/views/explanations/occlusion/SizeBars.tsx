/** The largest and the mean drop by size of window: how large a part must go missing before the class does. */
import type { OcclusionSlider } from "../../../data/occlusion.ts";
import { dropText, sizeText } from "./words.ts";

type Props = { score: string; sliders: readonly OcclusionSlider[]; chosen: OcclusionSlider };

export function SizeBars({ score, sliders, chosen }: Props) {
  if (sliders.length < 2) return null;
  const rows = sliders.map((slider) => ({ slider, ...drops(slider) }));
  const most = Math.max(...rows.map(({ largest }) => largest), 1e-9);
  const share = (drop: number) => `${100 * Math.min(1, Math.max(0, drop / most))}%`;
  return (
    <table class="size-bars" data-testid="size-bars">
      <thead>
        <tr>
          <th scope="col" colSpan={2}>
            Drop by size
          </th>
          <th scope="col">
            <i class="size-bar-mean" aria-hidden="true" /> mean
          </th>
          <th scope="col">
            <i class="size-bar-largest" aria-hidden="true" /> largest
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ slider, largest, mean }) => (
          <tr key={sizeText(slider.windows)} data-chosen={slider === chosen || undefined}>
            <th scope="row">{sizeText(slider.windows)}</th>
            <td class="size-bar-cell" aria-hidden="true">
              <span class="size-bar">
                <span class="size-bar-largest" style={{ width: share(largest) }} />
                <span class="size-bar-mean" style={{ width: share(mean) }} />
              </span>
            </td>
            <td>{dropText(score, mean)}</td>
            <td>{dropText(score, largest)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function drops({ drops }: OcclusionSlider): { largest: number; mean: number } {
  const known = drops.filter(Number.isFinite);
  return {
    largest: known.reduce((most, drop) => Math.max(most, drop), Number.NEGATIVE_INFINITY),
    mean: known.reduce((sum, drop) => sum + drop, 0) / known.length,
  };
}
