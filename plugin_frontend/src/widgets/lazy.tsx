/** Components whose code is loaded when they are first shown. */
import type { ComponentChildren, ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

/** Until its code is there, and where it cannot be had, `fallback` is shown. */
export function lazy<Props extends object>(load: () => Promise<ComponentType<Props>>) {
  let loaded: ComponentType<Props> | undefined;
  return function Lazy({ fallback, ...props }: Props & { fallback?: ComponentChildren }) {
    const [, setArrived] = useState(false);
    useEffect(() => {
      if (loaded) return;
      let current = true;
      load().then(
        (component) => {
          loaded = component;
          if (current) setArrived(true);
        },
        (reason) => console.warn(reason),
      );
      return () => {
        current = false;
      };
    }, []);
    const Component = loaded;
    return Component ? <Component {...(props as unknown as Props)} /> : fallback;
  };
}
