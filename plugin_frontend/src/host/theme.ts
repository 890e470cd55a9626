/** Follows TensorBoard's light and dark mode, which its own page marks with a class that plugins are not told of. */
import { signal } from "@preact/signals";
import { hostWindow } from "./window.ts";

export const dark = signal(false);

export function followTheme(): void {
  const host = hostWindow();
  if (host === window) {
    const preference = matchMedia("(prefers-color-scheme: dark)");
    preference.addEventListener("change", () => show(preference.matches));
    show(preference.matches);
    return;
  }
  const { body } = host.document;
  const read = () => show(body.classList.contains("dark-mode"));
  new MutationObserver(read).observe(body, { attributeFilter: ["class"] });
  read();
}

function show(isDark: boolean): void {
  dark.value = isDark;
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
}
