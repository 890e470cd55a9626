/** Tells the state which runs are near the screen: only these are asked about. */
import { useEffect, useRef } from "preact/hooks";
import { visible } from "../../host/visibility.ts";
import { overviewInView } from "../../state/overview_frame.ts";

const MARGIN = "400px 0px";

export function useNearness<Box extends HTMLElement>(run: string) {
  const element = useRef<Box>(null);
  useEffect(() => {
    if (!element.current) return;
    const set = (near: boolean) => {
      if (near === overviewInView.peek().has(run)) return;
      const runs = new Set(overviewInView.peek());
      near ? runs.add(run) : runs.delete(run);
      overviewInView.value = runs;
    };
    const observer = new IntersectionObserver(
      (entries) => visible.peek() && set(entries.at(-1)?.isIntersecting ?? false),
      { root: element.current.closest(".overview"), rootMargin: MARGIN },
    );
    observer.observe(element.current);
    return () => {
      observer.disconnect();
      set(false);
    };
  }, [run]);
  return element;
}
