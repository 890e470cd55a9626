/** The images that activations were logged of; one of them is shown in the tiles. */

import type { ProbeImage } from "../../data/channels.ts";
import { imageAddress } from "../../data/client.ts";
import { className } from "../../state/class_names.ts";
import { imageChoice } from "../../state/features.ts";
import { Icon } from "../../widgets/Icon.tsx";
import { halves, probeImages, shownImage } from "./reading.ts";

export function ImageStrip() {
  const [half] = halves.value;
  if (!half || probeImages.value.length === 0) return null;
  return (
    <div class="image-strip" role="radiogroup" aria-label="Image" data-testid="images">
      {probeImages.value.map((image, i) => (
        // biome-ignore lint/a11y/useSemanticElements: a picture that is chosen, as a button
        <button
          key={image.id}
          type="button"
          role="radio"
          class="probe-image"
          data-testid="image"
          aria-checked={i === shownImage.value}
          aria-label={describe(image, half.layer.classes)}
          title={describe(image, half.layer.classes)}
          onClick={() => {
            imageChoice.value = image.id;
          }}
        >
          {image.image ? (
            <img src={imageAddress(half.pane.run, image.image)} alt="" draggable={false} />
          ) : (
            <span class="picture-none">{i + 1}</span>
          )}
          {image.label !== undefined && image.predicted !== undefined && image.label !== image.predicted && (
            <span class="image-wrong">
              <Icon name="close" />
            </span>
          )}
        </button>
      ))}
    </div>
  );
}

/** For instance "digit_3: 7, predicted 2". */
export function describe({ name, label, predicted }: ProbeImage, classes: string): string {
  const truth = label === undefined ? "" : className(classes, label);
  const mistaken = predicted !== undefined && predicted !== label ? `predicted ${className(classes, predicted)}` : "";
  const verdict = [truth, mistaken].filter(Boolean).join(", ");
  return [name, verdict].filter(Boolean).join(": ") || "image";
}
