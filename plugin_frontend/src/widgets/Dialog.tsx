/** A native modal dialog: Esc closes it, focus stays inside, and it goes back where it came from. */
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { adoptStyles } from "../styles/adopt.ts";
import dialog from "../styles/dialog.css?inline";
import { Guarded } from "./Guarded.tsx";
import { Icon } from "./Icon.tsx";

adoptStyles(dialog);

type Props = {
  title: ComponentChildren;
  /** Next to the title. */
  beside?: ComponentChildren;
  class?: string;
  testId: string;
  onClose: () => void;
  children: ComponentChildren;
};

export function Dialog({ title, beside, class: name, testId, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const pressedBeside = useRef(false); // a text may be marked until beyond the edge
  useLayoutEffect(() => dialog.current?.showModal(), []); // before anybody can press Esc at what is not open yet
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: clicking beside the dialog is a shortcut for Esc, which closes it natively
    <dialog
      ref={dialog}
      class={name}
      data-testid={testId}
      aria-labelledby={`${testId}-title`}
      onClose={onClose}
      onPointerDown={(event) => {
        pressedBeside.current = event.target === dialog.current;
      }}
      onClick={(event) => event.target === dialog.current && pressedBeside.current && dialog.current?.close()}
    >
      <div class="dialog-content">
        <header class="dialog-header">
          <h2 id={`${testId}-title`}>{title}</h2>
          {beside}
          <span class="spacer" />
          <button type="button" class="icon-button" aria-label="Close" onClick={() => dialog.current?.close()}>
            <Icon name="close" />
          </button>
        </header>
        <Guarded>{children}</Guarded>
      </div>
    </dialog>
  );
}
