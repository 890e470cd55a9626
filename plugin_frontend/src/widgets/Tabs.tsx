/** A row of tabs: one of them is in the tab order, and the arrow keys move along. */
import type { TargetedKeyboardEvent } from "preact";

type Props<Id extends string> = {
  label: string;
  /** With the tab's own id it is unique on the page. */
  name: string;
  tabs: readonly { id: Id; title: string }[];
  chosen: Id;
  onChoose: (id: Id) => void;
  class: string;
  /** The id of what the tabs change. */
  controls: string;
};

export function Tabs<Id extends string>({ label, name, tabs, chosen, onChoose, class: style, controls }: Props<Id>) {
  const idOf = (id: Id) => `${name}-${id}`;
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLElement>) => {
    const at = tabs.findIndex(({ id }) => id === chosen);
    const last = tabs.length - 1;
    const to = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at <= 0 ? last : at - 1, Home: 0, End: last }[
      event.key
    ];
    const tab = to === undefined ? undefined : tabs[to];
    if (!tab) return;
    event.preventDefault();
    event.stopPropagation(); // the page has its own use for arrow keys
    onChoose(tab.id);
    document.getElementById(idOf(tab.id))?.focus();
  };
  return (
    <div class={style} role="tablist" aria-label={label} onKeyDown={onKeyDown}>
      {tabs.map(({ id, title }) => (
        <button
          key={id}
          id={idOf(id)}
          type="button"
          role="tab"
          aria-selected={id === chosen}
          aria-controls={controls}
          tabIndex={id === chosen ? 0 : -1}
          data-testid={idOf(id)}
          onClick={() => onChoose(id)}
        >
          {title}
        </button>
      ))}
    </div>
  );
}
