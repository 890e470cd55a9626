/** Repaints canvases, all in one animation frame and only those on screen; the others when they come into view. */
const dirty = new Map<Element, () => void>();
const inView = new Set<Element>();
let scheduled = 0;

const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) isIntersecting ? inView.add(target) : inView.delete(target);
    schedule();
  },
  { rootMargin: "200px" },
);

/** Returns what undoes it. */
export function watchCanvas(canvas: HTMLCanvasElement): () => void {
  observer.observe(canvas);
  return () => {
    observer.unobserve(canvas);
    inView.delete(canvas);
    dirty.delete(canvas);
  };
}

export function requestPaint(canvas: HTMLCanvasElement, paint: () => void): void {
  dirty.set(canvas, paint);
  schedule();
}

function schedule(): void {
  if (scheduled) return;
  scheduled = requestAnimationFrame(() => {
    scheduled = 0;
    for (const [canvas, paint] of dirty) {
      if (!inView.has(canvas)) continue;
      dirty.delete(canvas);
      paint();
    }
  });
}
