/** A button with a pane below it, which Esc and a click elsewhere close. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

type Props = {
  /** What the button shows. */
  button: ComponentChildren;
  label: string;
  title?: string;
  buttonClass: string;
  testId: string;
  /** At which end of the button the pane stands. */
  align?: "start" | "end";
  children: ComponentChildren | ((close: () => void) => ComponentChildren);
};

export function Popover({ button, label, title, buttonClass, testId, align = "start", children }: Props) {
  const [open, setOpen] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const close = () => {
    setOpen(false);
    opener.current?.focus();
  };
  useEffect(() => {
    if (!open) return;
    const elsewhere = (event: Event) => {
      if (event.target instanceof Node && !place.current?.contains(event.target)) setOpen(false);
    };
    for (const event of ["pointerdown", "focusin"]) document.addEventListener(event, elsewhere);
    return () => {
      for (const event of ["pointerdown", "focusin"]) document.removeEventListener(event, elsewhere);
    };
  }, [open]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Esc is a shortcut for the button, wherever the focus is within
    <div
      ref={place}
      class="popover"
      onKeyDown={(event) => {
        if (!open || event.key !== "Escape") return;
        event.preventDefault(); // it closes nothing else
        event.stopPropagation();
        close();
      }}
    >
      <button
        ref={opener}
        type="button"
        class={buttonClass}
        aria-label={label}
        aria-expanded={open}
        title={title}
        data-testid={testId}
        onClick={() => setOpen(!open)}
      >
        {button}
      </button>
      {open && (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset has a legend and a look of its own
        <div class="popover-pane" data-align={align} role="group" aria-label={label} data-testid={`${testId}-pane`}>
          {typeof children === "function" ? children(close) : children}
        </div>
      )}
    </div>
  );
}
