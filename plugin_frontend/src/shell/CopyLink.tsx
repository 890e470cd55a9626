/** The button that copies the address of what is shown. */
import { currentLink } from "../state/link_state.ts";
import { useCopy } from "../widgets/copy.ts";
import { Icon } from "../widgets/Icon.tsx";

export function CopyLink() {
  const { copied, copy } = useCopy();
  return (
    <span class="with-note">
      <button
        type="button"
        class="icon-button"
        aria-label="Copy link"
        title="Copy link"
        data-testid="copy-link"
        onClick={() => copy(currentLink())}
      >
        <Icon name={copied ? "check" : "link"} />
      </button>
      <span class="note" role="status">
        {copied && "Copied"}
      </span>
    </span>
  );
}
