/** A button with a pane below it, which Esc and a click elsewhere close. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

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
  const pane = useRef<HTMLDivElement>(null);
  const close = () => {
    setOpen(false);
    opener.current?.focus();
  };
  useLayoutEffect(() => {
    if (!open || !pane.current) return;
    const { right } = pane.current.getBoundingClientRect();
    if (right > window.innerWidth) pane.current.dataset.align = "end"; // it would stand out of the page
  }, [open]);
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
        // biome-ignore lint/a11y/useSemanticElements: a fieldset is laid out by rules of its own
        <div
          ref={pane}
          class="popover-pane"
          data-align={align}
          role="group"
          aria-label={label}
          data-testid={`${testId}-pane`}
        >
          {typeof children === "function" ? children(close) : children}
        </div>
      )}
    </div>
  );
}
