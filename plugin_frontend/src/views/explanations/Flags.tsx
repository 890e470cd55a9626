/** Shows why a map cannot be trusted: short on a tile, with what to try in the enlarged sample. */
import { Icon } from "../../widgets/Icon.tsx";
import { warnings } from "./flags.ts";

export function FlagBadges({ flags }: { flags: number }) {
  return warnings(flags).map(({ badge, wrong }) => (
    <span key={badge} class="badge badge-warning" title={wrong}>
      {badge}
    </span>
  ));
}

export function FlagNotes({ flags }: { flags: number }) {
  const found = warnings(flags);
  if (found.length === 0) return null;
  return (
    <ul class="flag-notes" data-testid="flag-notes">
      {found.map(({ badge, wrong, advice }) => (
        <li key={badge}>
          <Icon name="warning" />
          <span>
            <strong>{wrong}</strong> {advice}
          </span>
        </li>
      ))}
    </ul>
  );
}
