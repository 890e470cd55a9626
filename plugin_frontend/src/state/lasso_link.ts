/** Finds the rows that a lasso in a link encloses, whatever view is shown. */
import { effect } from "@preact/signals";
import { loadCode, Unreachable } from "../data/client.ts";
import { entriesAt } from "./alignment.ts";
import { reportTrouble, unreachable } from "./reachability.ts";
import { indexing, listedRuns } from "./runs.ts";
import { resolveLasso, selection } from "./selection.ts";
import { seriesKey } from "./series.ts";
import { stepIndex } from "./steps.ts";

export function restoreLasso(): void {
  effect(() => {
    const { lasso, pending } = selection.value;
    if (!lasso || !pending || listedRuns.value.length === 0) return;
    if (indexing.value !== null || unreachable.value !== null) return; // what is not there may come
    const series = listedRuns.value
      .find(({ run }) => run === lasso.run)
      ?.series.find(({ kind, tag }) => kind === "PROJECTION" && tag === lasso.tag);
    const logged = series && stepIndex.value.get(lasso.run)?.get(seriesKey(series));
    const entries = logged && entriesAt(logged, lasso.step);
    if (!series || !entries || entries.step !== lasso.step) {
      // What is not listed yet comes with the next answer.
      if (!series || (logged && logged.keys.length >= series.records)) resolveLasso(lasso, []);
      return;
    }
    loadCode(() => import("./lassoed.ts"))
      .then(({ idsInLasso }) => idsInLasso({ ...series, run: lasso.run }, lasso, entries.keys.at(-1) as string))
      .then((ids) => resolveLasso(lasso, ids))
      .catch((reason) => {
        if (!(reason instanceof Unreachable)) resolveLasso(lasso, []);
        reportTrouble(reason);
      });
  });
}
