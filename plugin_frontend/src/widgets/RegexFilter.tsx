/** A text field for a regular expression, that says when it is none. */
import type { Signal } from "@preact/signals";
import { Icon } from "./Icon.tsx";

type Props = { label: string; value: Signal<string>; invalid: boolean; testId: string; id?: string };

export function RegexFilter({ label, value, invalid, testId, id }: Props) {
  return (
    <label class="regex-filter" data-invalid={invalid || undefined}>
      <Icon name="search" />
      <input
        id={id}
        type="search"
        placeholder={label}
        aria-label={label}
        aria-invalid={invalid}
        data-testid={testId}
        spellcheck={false}
        value={value}
        onInput={(event) => {
          value.value = event.currentTarget.value;
        }}
      />
      {invalid && (
        <span class="regex-problem" role="alert" title="Not a regular expression: everything is shown">
          <Icon name="warning" />
          <span class="visually-hidden">Not a regular expression: everything is shown.</span>
        </span>
      )}
    </label>
  );
}
