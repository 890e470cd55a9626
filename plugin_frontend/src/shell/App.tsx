/** The frame around the views: bars, panes and dialogs. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { loadCode } from "../data/client.ts";
import { reload } from "../state/polling.ts";
import { reportTrouble, unreachable } from "../state/reachability.ts";
import { indexing, notices } from "../state/runs.ts";
import { type ViewId, view } from "../state/view.ts";
import { VIEWS } from "../views/registry.ts";
import { Guarded } from "../widgets/Guarded.tsx";
import { lazy } from "../widgets/lazy.tsx";
import { helpOpen, problemsOpen, sidebarOpen } from "./panes.ts";
import { Sidebar } from "./Sidebar.tsx";
import { Timeline } from "./Timeline.tsx";
import { TopBar } from "./TopBar.tsx";

const Problems = lazy(async () => (await import("./Problems.tsx")).Problems);
const Help = lazy(async () => (await import("./Help.tsx")).Help);

export function App() {
  const View = useView(view.value);
  return (
    <div class="app">
      <TopBar />
      {unreachable.value !== null && (
        <div class="banner" role="alert" data-testid="error-banner">
          <span>{unreachable.value} What is shown stays; the page keeps trying.</span>
          <button type="button" class="text-button" onClick={reload}>
            Try now
          </button>
        </div>
      )}
      {notices.value.map((notice) => (
        <div key={notice} class="banner" role="status" data-testid="notice">
          <bdi>{notice}</bdi>
        </div>
      ))}
      {indexing.value !== null && <Indexing share={indexing.value} />}
      <div class="body">
        {sidebarOpen.value && <Sidebar />}
        <main id="view">
          {View && (
            <Guarded key={view.value}>
              <View />
            </Guarded>
          )}
        </main>
      </div>
      <Timeline />
      {problemsOpen.value && <Problems />}
      {helpOpen.value && <Help />}
    </div>
  );
}

/** The server is still reading: more is shown as it comes. */
function Indexing({ share }: { share: number }) {
  const percent = Math.floor(100 * share);
  return (
    <div class="indexing" role="status" data-testid="indexing">
      <progress aria-label="Records read" max={100} value={percent} />
      <span>TensorBoard is reading the records of this logdir: {percent} %</span>
    </div>
  );
}

function useView(id: ViewId): ComponentType | null {
  const [loaded, setLoaded] = useState<{ View: ComponentType } | null>(null);
  useEffect(() => {
    let current = true;
    const found = VIEWS.find((candidate) => candidate.id === id);
    if (found) {
      loadCode(found.load).then(
        (View) => current && setLoaded({ View }),
        (reason) => {
          if (current) setLoaded(null); // the view before would stand under the name of this one
          reportTrouble(reason);
        },
      );
    }
    return () => {
      current = false;
    };
  }, [id, unreachable.value]);
  return loaded?.View ?? null;
}
