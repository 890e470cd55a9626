/** Whether the page is on screen. TensorBoard keeps hidden plugins alive, at height zero, without telling them. */
import { signal } from "@preact/signals";

export const visible = signal(true);

export function followVisibility(): void {
  let inView = true;
  const update = () => {
    visible.value = inView && document.visibilityState === "visible";
  };
  new IntersectionObserver((entries) => {
    inView = entries.at(-1)?.isIntersecting ?? true;
    update();
  }).observe(document.documentElement);
  document.addEventListener("visibilitychange", update);
}
