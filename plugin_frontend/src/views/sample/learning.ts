/** When the model got an image right, and when it forgot it again (forgetting events: Toneva et al. 2019). */

type Learning = {
  /** Steps at which it was wrong. */
  wrong: number[];
  /** Steps at which it was right after having been wrong at the logged step before. */
  learnt: number[];
  /** Steps at which it was wrong after having been right at the logged step before. */
  forgotten: number[];
  /** How many steps say whether it was right. */
  known: number;
  /** At the last of them; `undefined`: no step says. */
  right: boolean | undefined;
};

/** `right`: one a step; `undefined` where the label or the prediction is not known: such steps are passed over. */
export function learningOf(steps: readonly number[], right: readonly (boolean | undefined)[]): Learning {
  const learning: Learning = { wrong: [], learnt: [], forgotten: [], known: 0, right: undefined };
  steps.forEach((step, at) => {
    const now = right[at];
    if (now === undefined) return;
    if (!now) learning.wrong.push(step);
    if (learning.right === false && now) learning.learnt.push(step);
    if (learning.right === true && !now) learning.forgotten.push(step);
    learning.right = now;
    learning.known++;
  });
  return learning;
}

/** As a sentence; `null`: nothing is known. `which`: whether it is about all logged steps or about some that are shown. */
export function learningSentence(
  { wrong, learnt, forgotten, known, right }: Learning,
  which: "logged" | "shown" = "logged",
): string | null {
  if (known === 0) return null;
  if (known === 1) return right ? "Right at the one logged step." : "Wrong at the one logged step.";
  if (wrong.length === 0) return `Right at all ${known} ${which} steps: never forgotten.`;
  if (wrong.length === known) return `Wrong at all ${known} ${which} steps: never learnt.`;
  const times = forgotten.length === 1 ? "once" : forgotten.length === 2 ? "twice" : `${forgotten.length} times`;
  if (right)
    return forgotten.length === 0
      ? `Learnt at step ${learnt[0]}, and not forgotten since.`
      : `Forgotten ${times}, last learnt at step ${learnt.at(-1)}.`;
  const last = `last at step ${forgotten.at(-1)}`;
  return forgotten.length === 1
    ? `Forgotten once, at step ${forgotten[0]}, and not learnt again.`
    : `Forgotten ${times}, ${last}, and not learnt again.`;
}
