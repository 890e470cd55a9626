/** An image with its map, on which windows are placed: by the pointer, or by the arrow keys on a window in focus. */
import type { ComponentChildren, TargetedKeyboardEvent, TargetedPointerEvent } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Target } from "../../../data/explained.ts";
import type { AttributionMap } from "../../../data/maps.ts";
import { neighbourWindow, type Windows } from "../../../data/windows.ts";
import type { Explanation } from "../cards.ts";
import { Caption, LargePicture } from "../LargePicture.tsx";

/** In pixels of the explained input. */
export type Point = { y: number; x: number };

type StageProps = {
  explanation: Explanation;
  target: Target;
  map: AttributionMap;
  /** The pointer is over the image, or dragged from it. */
  onPoint: (point: Point) => void;
  onPress?: (point: Point) => void;
  onRelease?: () => void;
  children: ComponentChildren;
};

export function Stage({ explanation, target, map, onPoint, onPress, onRelease, children }: StageProps) {
  const { height, width } = explanation.record;
  const pointOf = (event: TargetedPointerEvent<HTMLElement>): Point => {
    const box = event.currentTarget.getBoundingClientRect();
    return {
      y: ((event.clientY - box.top) / box.height) * height,
      x: ((event.clientX - box.left) / box.width) * width,
    };
  };
  return (
    <figure class="large">
      <div
        class="hiding-stage"
        data-testid="stage"
        style={{ "--ratio": width / height }}
        onPointerMove={(event) => onPoint(pointOf(event))}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          onPress?.(pointOf(event));
          onPoint(pointOf(event));
        }}
        onPointerUp={onRelease}
        onPointerCancel={onRelease}
      >
        <LargePicture explanation={explanation} target={target} map={map} readout={false}>
          {children}
        </LargePicture>
      </div>
      <Caption explanation={explanation} target={target} map={map} />
    </figure>
  );
}

/** The point that brings a window back wherever windows of another size or place lie. */
export function centreOf({ height, width, tops, lefts }: Windows, at: number): Point {
  return { y: (tops[at] as number) + height / 2, x: (lefts[at] as number) + width / 2 };
}

/** Of the window's top left corner. */
export function placeText({ tops, lefts }: Windows, at: number): string {
  return `row ${tops[at]}, column ${lefts[at]}`;
}

const ARROWS: Record<string, [number, number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

type PatchProps = {
  name: string;
  windows: Windows;
  at: number;
  height: number;
  width: number;
  /** `outline`: where the window would be; nothing is hidden. */
  look: "hidden" | "outline";
  letter?: string;
  testId: string;
  onMove: (to: Point) => void;
  onActivate?: () => void;
  /** Whether it has the focus when it appears. */
  focused?: boolean;
};

/** A window on the stage. */
export function Patch({
  name,
  windows,
  at,
  height,
  width,
  look,
  letter,
  testId,
  onMove,
  onActivate,
  focused,
}: PatchProps) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (focused) button.current?.focus();
  }, []);
  const move = (event: TargetedKeyboardEvent<HTMLElement>) => {
    const arrow = ARROWS[event.key];
    if (!arrow || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation(); // elsewhere on the page these keys move the step
    onMove(centreOf(windows, neighbourWindow(windows, at, ...arrow)));
  };
  const share = (part: number, whole: number) => `${(100 * part) / whole}%`;
  return (
    <button
      ref={button}
      type="button"
      class="patch"
      data-testid={testId}
      data-look={look}
      data-window={at}
      aria-label={`${name}: ${placeText(windows, at)}. Arrow keys move it.`}
      style={{
        top: share(windows.tops[at] as number, height),
        left: share(windows.lefts[at] as number, width),
        height: share(windows.height, height),
        width: share(windows.width, width),
      }}
      onKeyDown={move}
      onClick={(event) => event.detail === 0 && onActivate?.()}
    >
      {letter && <span>{letter}</span>}
    </button>
  );
}
