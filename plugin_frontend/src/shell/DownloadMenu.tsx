/** The button below which what is seen is offered as files. */
import { Icon } from "../widgets/Icon.tsx";
import { lazy } from "../widgets/lazy.tsx";
import { Popover } from "../widgets/Popover.tsx";

const Downloads = lazy(async () => (await import("./Downloads.tsx")).Downloads);

export function DownloadMenu() {
  return (
    <Popover
      label="Download"
      title="Download what is seen"
      buttonClass="icon-button"
      testId="download"
      align="end"
      button={<Icon name="download" />}
    >
      {(close) => <Downloads close={close} />}
    </Popover>
  );
}
