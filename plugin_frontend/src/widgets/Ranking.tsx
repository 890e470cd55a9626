/** A ranked list to look through: pointing at a row, or moving to it with the arrow keys, highlights it; a click picks it. */
import type { ComponentChildren, TargetedKeyboardEvent } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { adoptStyles } from "../styles/adopt.ts";
import ranking from "../styles/ranking.css?inline";

adoptStyles(ranking);

type Props<Item> = {
  label: string;
  items: readonly Item[];
  /** Unique among the items. */
  keyOf: (item: Item) => string;
  /** The keys of the highlighted rows and of the picked one. */
  highlighted: ReadonlySet<string>;
  picked: string | null;
  onHighlight: (item: Item | null) => void;
  onPick: (item: Item) => void;
  row: (item: Item) => ComponentChildren;
  testId: string;
};

export function Ranking<Item>(props: Props<Item>) {
  const { label, items, keyOf, highlighted, picked, onHighlight, onPick, row, testId } = props;
  const list = useRef<HTMLUListElement>(null);
  const at = items.findIndex((item) => highlighted.has(keyOf(item)));
  const current = items[at];
  const idOf = (item: Item) => `${testId}-${keyOf(item)}`;

  useEffect(() => {
    if (current !== undefined) reveal(list.current, document.getElementById(idOf(current)));
  });

  const onKeyDown = (event: TargetedKeyboardEvent<HTMLElement>) => {
    const to = { ArrowDown: at + 1, ArrowUp: at < 0 ? 0 : at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (to !== undefined) onHighlight(items[Math.min(items.length - 1, Math.max(0, to))] ?? null);
    else if ((event.key === "Enter" || event.key === " ") && current !== undefined) onPick(current);
    else return;
    event.preventDefault();
    event.stopPropagation(); // the page has its own use for Space
  };

  return (
    <ul
      ref={list}
      class="ranking"
      // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: the pattern of a listbox, of which a list is the natural element
      role="listbox"
      aria-label={label}
      aria-activedescendant={current === undefined ? undefined : idOf(current)}
      tabIndex={0}
      data-testid={testId}
      onKeyDown={onKeyDown}
      onPointerLeave={() => onHighlight(null)}
      onBlur={() => onHighlight(null)}
    >
      {items.map((item) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the list itself listens to keys
        // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus and names its active row
        <li
          key={keyOf(item)}
          id={idOf(item)}
          // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: as above
          role="option"
          aria-selected={keyOf(item) === picked}
          data-highlighted={highlighted.has(keyOf(item)) || undefined}
          onPointerEnter={() => onHighlight(item)}
          onClick={() => onPick(item)}
        >
          {row(item)}
        </li>
      ))}
    </ul>
  );
}

/** Scrolls the list, and nothing else, so far that the row is seen. */
function reveal(list: HTMLElement | null, row: HTMLElement | null): void {
  if (!list || !row || list.matches(":hover")) return;
  const top = row.offsetTop - list.offsetTop;
  if (top < list.scrollTop) list.scrollTop = top;
  else if (top + row.offsetHeight > list.scrollTop + list.clientHeight)
    list.scrollTop = top + row.offsetHeight - list.clientHeight;
}
