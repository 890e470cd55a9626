/** Which rows of a long list are on screen, so that no others need to exist. */
import { useComputed, useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";

/** The rows from `first` up to and without `end` that are on screen, and some beyond it on either side. */
export function rowsInView(top: number, height: number, rowHeight: number, rows: number, beyond: number) {
  const first = Math.max(0, Math.floor(top / rowHeight) - beyond);
  const end = Math.min(rows, Math.ceil((top + height) / rowHeight) + beyond);
  return { first: Math.min(first, end), end };
}

/** More than a step of the mouse wheel moves. */
const BEYOND = 2;

/** Follows what scrolls, and shows its beginning when it is about another `subject`. `view` is to be put on it. */
export function useRows<Element extends HTMLElement>(subject: string) {
  const view = useRef<Element>(null);
  const top = useSignal(0);
  const size = useSignal({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = view.current;
    if (!element) return;
    const measure = () => {
      const { paddingLeft, paddingRight } = getComputedStyle(element);
      const width = element.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight);
      size.value = { width, height: element.clientHeight };
    };
    const scrolled = () => {
      top.value = element.scrollTop;
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener("scroll", scrolled, { passive: true });
    measure();
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", scrolled);
    };
  }, []);
  useLayoutEffect(() => {
    if (view.current) view.current.scrollTop = 0;
  }, [subject]);
  return {
    view,
    /** Of what it contains. */
    width: useComputed(() => size.value.width),
    /** Of the list with `rows` of `rowHeight`; scrolling within a row changes nothing. */
    inView: (rowHeight: number, rows: number) =>
      rowsInView(rowHeight * Math.floor(top.value / rowHeight), size.value.height + rowHeight, rowHeight, rows, BEYOND),
  };
}
