/** A class in its colour, the same in every view; beside its name, so nothing to read out. */
import { categoryColour } from "../render/categories/colours.ts";

export function ClassDot({ index }: { index: number }) {
  if (index < 0) return null; // no class
  return <span class="class-dot" style={{ background: categoryColour(index) }} aria-hidden="true" />;
}
