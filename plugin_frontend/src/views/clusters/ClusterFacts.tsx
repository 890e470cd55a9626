/** What there is to know about one cluster: its size and purity, the classes in it, and the real patches nearest to its centroid. */
import { className } from "../../state/class_names.ts";
import { type ClusterName, pinned, sameCluster, togglePinned } from "../../state/clusters.ts";
import { colourOf } from "../../state/paints.ts";
import { layerTitle } from "../../state/series.ts";
import { ClassDot } from "../../widgets/ClassDot.tsx";
import { Icon } from "../../widgets/Icon.tsx";
import { compact, percent } from "../explanations/format.ts";
import { classesOf, type FoundCluster, findCluster } from "./lookup.ts";
import { Patches } from "./Patches.tsx";

const CLASSES = 8;

export function ClusterFacts({ name }: { name: ClusterName }) {
  const found = findCluster(name);
  const kept = sameCluster(pinned.value, name);
  return (
    <section class="cluster-facts" aria-label={`Cluster ${name.id}`} data-testid="cluster-facts" data-cluster={name.id}>
      <header>
        {found && <span class="swatch" style={{ background: colourOf(found.path, found.c) }} />}
        <h3>Cluster {name.id}</h3>
        <span class="facts-layer">
          {found ? layerTitle(found.layer.frame.series) : name.tag}
          {name.way === "feedback" && " · feedback"}
        </span>
        <button
          type="button"
          class="icon-button"
          aria-label={kept ? "Unpin the cluster" : "Pin the cluster"}
          aria-pressed={kept}
          title={kept ? "Unpin" : "Keep it lit"}
          onClick={() => togglePinned(name)}
        >
          <Icon name="pin" />
        </button>
      </header>
      {found ? <Facts found={found} run={name.run} /> : <p class="hint">There is no such cluster at this step.</p>}
    </section>
  );
}

function Facts({ found: { layer, path, c }, run }: { found: FoundCluster; run: string }) {
  const { top, others, share } = classesOf(path, c, CLASSES);
  const patches = path.patches.filter(({ cluster }) => cluster === c);
  return (
    <>
      <dl class="facts">
        <div title="Of all positions of the images that were clustered">
          <dt>Share</dt>
          <dd>{percent(path.shares[c])}</dd>
        </div>
        {path.classes > 0 && (
          <>
            <div title="Share of the most frequent class">
              <dt>Purity</dt>
              <dd>{percent(path.purity[c])}</dd>
            </div>
            <div title={`Of the classes; ${compact(Math.log2(path.classes))} bits where all are equally frequent`}>
              <dt>Entropy</dt>
              <dd>{compact(path.entropy[c] as number)} bit</dd>
            </div>
          </>
        )}
      </dl>
      <h4>Nearest patches</h4>
      <Patches patches={patches} run={run} classes={layer.classes} />
      {top.length > 0 && <h4>Classes</h4>}
      <ul class="class-bars" data-testid="class-bars">
        {top.map(({ classIndex, share }) => (
          <Bar key={classIndex} index={classIndex} name={className(layer.classes, classIndex)} share={share} />
        ))}
        {others > 0 && <Bar name={`${others} other${others === 1 ? "" : "s"}`} share={share} quiet />}
      </ul>
    </>
  );
}

type BarProps = { index?: number; name: string; share: number; quiet?: boolean };

function Bar({ index = -1, name, share, quiet }: BarProps) {
  return (
    <li class="class-bar" data-quiet={quiet || undefined} style={{ "--share": share }}>
      <span class="class-name" title={name}>
        <ClassDot index={index} /> {name}
      </span>
      <span class="class-share">{percent(share)}</span>
    </li>
  );
}
