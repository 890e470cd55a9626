/** A line of a card that leads somewhere. */
import type { ComponentChildren } from "preact";

type Props = { title: string; testId: string; onClick: () => void; children: ComponentChildren; class?: string };

export function Line({ title, testId, onClick, children, class: name = "" }: Props) {
  return (
    <button type="button" class={`overview-line ${name}`} title={title} data-testid={testId} onClick={onClick}>
      {children}
    </button>
  );
}

/** A part of the page about one thing; with `more`, its heading leads to all of it. */
export function Card(props: {
  title: string;
  name: string;
  more?: { text: string; onClick: () => void } | undefined;
  children: ComponentChildren;
}) {
  const { title, name, more, children } = props;
  return (
    <section class="overview-card" data-card={name} data-testid={`card-${name}`}>
      <header>
        <h3>{title}</h3>
        {more && (
          <button type="button" class="text-button" data-testid={`more-${name}`} onClick={more.onClick}>
            {more.text}
          </button>
        )}
      </header>
      {children}
    </section>
  );
}
