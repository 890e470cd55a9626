/** The classes that the samples on cards have to do with, each with the hash of its names, ascending. */
import { requestClassNames } from "../../state/class_names.ts";
import type { SeriesFrame } from "../../state/frame.ts";
import type { Card } from "./cards.ts";

/** Those that samples are of, or are taken for. */
export function sampleClassesOf(cards: readonly Card[]): [number, string][] {
  return classesIn(cards.map(({ sample, record }) => [[sample.label, sample.predicted], record]));
}

/** Those that were logged as targets. */
export function loggedClassesOf(cards: readonly Card[]): [number, string][] {
  const told = cards.flatMap(({ explanations }) => explanations);
  return classesIn(told.map(({ sample, record }) => [sample.targets.map(({ classIndex }) => classIndex), record]));
}

function classesIn(told: [indices: (number | undefined)[], of: { classes: string }][]): [number, string][] {
  const found = new Map<number, string>();
  for (const [indices, { classes }] of told)
    for (const index of indices) if (index !== undefined && index >= 0) found.set(index, classes);
  return [...found].sort(([a], [b]) => a - b);
}

/** Asks for the names of all of them. */
export function requestNames(run: string, frames: readonly SeriesFrame[]): void {
  for (const { records } of frames) for (const record of records) if (record) requestClassNames(run, record.classes);
}
