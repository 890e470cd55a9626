/** Copies text, and says for a moment that it did. */
import { useEffect, useState } from "preact/hooks";

const MOMENT = 2000;

export function useCopy(): { copied: boolean; copy: (text: string) => void } {
  const [copied, setCopied] = useState(0);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(0), MOMENT);
    return () => clearTimeout(timer);
  }, [copied]);
  return { copied: copied > 0, copy: (text) => setCopied((count) => (copyText(text) ? count + 1 : 0)) };
}

/** Through a selection: the clipboard API is missing where TensorBoard is reached over plain HTTP. */
function copyText(text: string): boolean {
  const before = document.activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  return copied;
}
