/** Tells the state which runs are near the screen: only these are asked about. */
import type { Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { visible } from "../host/visibility.ts";

type Options<Box> = {
  inView: Signal<ReadonlySet<string>>;
  /** What scrolls, as a selector, and how far from it is near. */
  root: string;
  margin: string;
  onLeave?: (box: Box) => void;
};

export function useNearness<Box extends HTMLElement>(run: string, { inView, root, margin, onLeave }: Options<Box>) {
  const element = useRef<Box>(null);
  useEffect(() => {
    const box = element.current;
    if (!box) return;
    const set = (near: boolean) => {
      if (near === inView.peek().has(run)) return;
      if (!near) onLeave?.(box);
      const runs = new Set(inView.peek());
      near ? runs.add(run) : runs.delete(run);
      inView.value = runs;
    };
    const observer = new IntersectionObserver(
      (entries) => visible.peek() && set(entries.at(-1)?.isIntersecting ?? false),
      { root: box.closest(root), rootMargin: margin },
    );
    observer.observe(box);
    return () => {
      observer.disconnect();
      set(false);
    };
  }, [run]);
  return element;
}
