/** Whether the page is on screen. TensorBoard keeps hidden plugins alive, at height zero, without telling them. */
import { signal } from "@preact/signals";

export const visible = signal(true);

export function followVisibility(): void {
  const update = () => {
    visible.value = window.innerHeight > 0 && document.visibilityState === "visible";
  };
  update();
  window.addEventListener("resize", update);
  window.addEventListener("resize", update);
  document.addEventListener("visibilitychange", update);
  update();
}
