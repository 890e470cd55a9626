/** Which of several pages is shown, and the way to the next and the previous one; nothing where there is but one. */
import { Icon } from "./Icon.tsx";

type Props = {
  /** From 0. */
  page: number;
  count: number;
  onTurn: (by: number) => void;
  /** What a page is called in the names of the buttons. */
  what?: string;
};

export function Paging({ page, count, onTurn, what = "page" }: Props) {
  if (count <= 1) return null;
  return (
    <div class="paging">
      <button
        type="button"
        class="icon-button"
        aria-label={`Previous ${what}`}
        disabled={page === 0}
        onClick={() => onTurn(-1)}
      >
        <Icon name="left" />
      </button>
      <span class="page-number" data-testid="page">
        {page + 1} / {count}
      </span>
      <button
        type="button"
        class="icon-button"
        aria-label={`Next ${what}`}
        disabled={page >= count - 1}
        onClick={() => onTurn(1)}
      >
        <Icon name="right" />
      </button>
    </div>
  );
}
