/** What the network takes the sample for: the training sample that stands for the predicted class, and its class reconstruction. */
import type { ReconstructionDetail } from "../../../data/reconstructions.ts";
import { mostAbstract } from "../../../data/reconstructions.ts";
import { StoredPicture } from "../StoredPicture.tsx";

type Props = { run: string; detail: ReconstructionDetail; name: string; side: number };

export function Representative({ run, detail, name, side }: Props) {
  const { input, reconstructions, representative, prototype } = detail;
  const ofClass = mostAbstract(reconstructions);
  if (!representative && !prototype) return null;
  const shown = [
    { title: "input", label: "Input", picture: input },
    { title: "class reconstruction", label: "Class reconstruction", picture: ofClass?.picture },
    { title: "prototype", label: `Class reconstruction of the representative of ${name}`, picture: prototype },
    { title: "representative", label: `Training sample that stands for ${name}`, picture: representative },
  ];
  return (
    <section data-testid="representative">
      <h3>What stands for {name}</h3>
      <ul class="reconstruction-strip" style={{ "--side": `${side}px` }}>
        {shown.map(
          ({ title, label, picture }) =>
            picture && (
              <li key={title} class="reconstruction" title={label} data-source={title}>
                <StoredPicture run={run} picture={picture} label={label} side={side} />
                <span class="reconstruction-caption">
                  <span class="reconstruction-name">{title}</span>
                </span>
              </li>
            ),
        )}
      </ul>
    </section>
  );
}
