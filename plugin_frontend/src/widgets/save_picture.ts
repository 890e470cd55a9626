/** Downloads what the main area shows: loaded when it is asked for. */
import { pictureOf } from "../render/snapshot/picture.ts";
import { save } from "./save.ts";

/** What a picture can do without: settings, and tools that lie above what is shown. */
const SKIP = ".settings, .stage-tools, .visually-hidden, dialog";

export async function savePicture(main: Element, caption: readonly string[], name: string): Promise<void> {
  const canvas = pictureOf({
    root: main,
    region: shownRegion(main),
    skip: SKIP,
    legends: [...main.querySelectorAll(".settings .legend")],
    caption,
  });
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve));
  if (!blob) throw new Error("The browser could not make the picture.");
  save(blob, name);
}

/** Without the settings beside, and without the toolbar above where nothing but it would be cut off. */
function shownRegion(main: Element) {
  const { left, right, top, bottom } = main.getBoundingClientRect();
  const bar = main.querySelector(".view-toolbar")?.getBoundingClientRect();
  const settings = main.querySelector(".settings")?.getBoundingClientRect();
  const to = settings && settings.width > 0 ? settings.left : right;
  const from = bar && bar.width >= to - left - 1 ? bar.bottom : top;
  return { left, top: from, width: to - left, height: bottom - from };
}
