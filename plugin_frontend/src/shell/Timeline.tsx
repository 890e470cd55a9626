/** The one step slider of the page, with playing and following. */
import {
  follow,
  moveTo,
  playing,
  SPEEDS,
  setFollow,
  speed,
  step,
  stepAt,
  steps,
  togglePlay,
  wallTime,
} from "../state/timeline.ts";
import { Icon } from "../widgets/Icon.tsx";

export function Timeline({ testId = "step-slider" }: { testId?: string }) {
  const last = steps.value.length - 1;
  const time = wallTime.value === null ? "" : new Date(1000 * wallTime.value).toLocaleString();
  const named = step.value === null ? "no steps" : `step ${step.value}`;
  return (
    <div class="timeline" role="toolbar" aria-label="Steps">
      <button type="button" class="icon-button" aria-label="First step" disabled={last < 1} onClick={() => moveTo(0)}>
        <Icon name="first" />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label={playing.value ? "Pause" : "Play"}
        title={playing.value ? "Pause  Space" : "Play  Space"}
        data-testid={testId === "step-slider" ? "play" : undefined}
        disabled={last < 1}
        onClick={togglePlay}
      >
        <Icon name={playing.value ? "pause" : "play"} />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label="Latest step"
        disabled={last < 1}
        onClick={() => moveTo(last)}
      >
        <Icon name="last" />
      </button>
      <select
        class="speed"
        aria-label="Speed"
        value={String(speed.value)}
        disabled={last < 1}
        onChange={(event) => {
          speed.value = Number(event.currentTarget.value);
        }}
      >
        {SPEEDS.map((option) => (
          <option key={option} value={String(option)} selected={option === speed.value}>
            {option} / s
          </option>
        ))}
      </select>
      <input
        type="range"
        class="step-slider"
        aria-label="Step"
        aria-valuetext={named}
        data-testid={testId}
        min={0}
        max={Math.max(0, last)}
        value={Math.max(0, stepAt.value)}
        style={{ "--filled": last > 0 ? stepAt.value / last : 0 }}
        disabled={last < 1}
        onInput={(event) => moveTo(event.currentTarget.valueAsNumber)}
      />
      <output class="step-output">
        <strong>{named}</strong>
        <span>{time}</span>
      </output>
      <label class="check" title="Follow the latest step  F">
        <input
          type="checkbox"
          data-testid={testId === "step-slider" ? "follow" : undefined}
          checked={follow.value}
          onChange={(event) => setFollow(event.currentTarget.checked)}
        />
        Follow latest
      </label>
    </div>
  );
}
