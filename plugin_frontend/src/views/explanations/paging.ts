/** Which of several pages of samples is shown, and the way to the others. */
import { computed } from "@preact/signals";
import { page, pageSize } from "../../state/samples.ts";

/** Of so many samples, which is read as signals are. */
export function pagingOf(count: () => number) {
  const pageCount = computed(() => Math.max(1, Math.ceil(count() / pageSize.value)));
  /** The page shown: the asked one, or the last when there are fewer. */
  const currentPage = computed(() => Math.min(page.value, pageCount.value - 1));
  return {
    pageCount,
    currentPage,
    onPage<Item>(items: readonly Item[]): Item[] {
      const first = currentPage.value * pageSize.value;
      return items.slice(first, first + pageSize.value);
    },
    turnPage(by: number): void {
      page.value = Math.min(pageCount.value - 1, Math.max(0, currentPage.value + by));
    },
  };
}
