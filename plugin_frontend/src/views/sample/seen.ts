/** Whether a part of the page has come near the screen: what is far below costs nothing until then. */
import { useEffect, useState } from "preact/hooks";

export function useSeen(element: { current: Element | null }): boolean {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (seen || !element.current) return;
    const observer = new IntersectionObserver((entries) => entries.at(-1)?.isIntersecting && setSeen(true), {
      root: element.current.closest(".content"),
      rootMargin: "300px 0px",
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [seen]);
  return seen;
}
