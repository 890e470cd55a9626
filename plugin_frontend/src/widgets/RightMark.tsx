/** Whether a prediction is right, in shape as well as in colour; nothing where that is not known. */
import { Icon } from "./Icon.tsx";

export function RightMark({ right }: { right: boolean | undefined }) {
  if (right === undefined) return null;
  const said = right ? "right" : "wrong";
  return (
    <span class={said} role="img" aria-label={said}>
      <Icon name={right ? "check" : "close"} />
    </span>
  );
}
