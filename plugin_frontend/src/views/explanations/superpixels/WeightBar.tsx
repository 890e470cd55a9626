/** A signed number as a bar to the right or left of zero. */
type Props = { value: number; largest: number; uncertain: boolean };

export function WeightBar({ value, largest, uncertain }: Props) {
  const share = largest > 0 ? Math.min(1, Math.abs(value) / largest) : 0;
  return (
    <span class="weight-bar" aria-hidden="true">
      <span
        data-sign={value < 0 ? "against" : "for"}
        data-uncertain={uncertain || undefined}
        style={{ width: `${50 * share}%` }}
      />
    </span>
  );
}
