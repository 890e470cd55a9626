/** All lines of a chart at one step, beside the pointer. */
import type { Line, Mark } from "../LineChart.tsx";

type Read = {
  steps: readonly number[];
  lines: readonly Line[];
  marks: readonly Mark[];
  format: (value: number) => string;
};

type Props = Read & { at: number; left: number; width: number };

export function Reading({ steps, lines, marks, format, at, left, width }: Props) {
  const step = steps[at] as number;
  const mark = marks.find((mark) => mark.step === step)?.name;
  const known = lines
    .flatMap(({ name, values, colour, look }) => {
      const value = values[at];
      return value === undefined ? [] : [{ name, colour, look, value }];
    })
    .sort((a, b) => b.value - a.value);
  const turned = left > width / 2;
  return (
    <div
      class="line-reading"
      aria-hidden="true"
      style={turned ? { right: `${width - left + 10}px` } : { left: `${left + 10}px` }}
    >
      <strong>
        step {step}
        {mark && <span class="line-mark"> × {mark}</span>}
      </strong>
      {known.map(({ name, colour, look, value }) => (
        <span key={name}>
          <span class="line-name" data-look={look} style={{ "--line": colour }}>
            {name}
          </span>
          <span class="line-value">{format(value)}</span>
        </span>
      ))}
    </div>
  );
}

/** The same as a sentence. */
export function textAt({ steps, lines, marks, format }: Read, at: number): string {
  const step = steps[at];
  const said = lines.flatMap(({ name, values }) => {
    const value = values[at];
    return value === undefined ? [] : `${name} ${format(value)}`;
  });
  const mark = marks.find((mark) => mark.step === step)?.name;
  return [`step ${step}`, ...(mark ? [mark] : []), ...said].join(", ");
}
