/**
 * Lets the latest request win. One task runs at a time and of the requests made meanwhile only the newest is kept, so that
 * a slider dragged faster than the server answers still shows something; a task that takes longer than `patience` no
 * longer holds up the next. Results are delivered in the order of their requests: never an older one after a newer.
 */
export function latest<Request, Result>(
  task: (request: Request) => Promise<Result>,
  deliver: (result: Result) => void,
  fail: (reason: unknown) => void,
  patience = 400,
): (request: Request) => void {
  let started = 0;
  let settled = 0;
  let waiting: { request: Request } | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const start = (request: Request) => {
    const ticket = ++started;
    waiting = undefined;
    clearTimeout(timer);
    timer = setTimeout(next, patience);
    const settle = (report: () => void) => {
      if (ticket <= settled) return;
      settled = ticket;
      report();
      if (ticket === started) next();
    };
    task(request).then(
      (result) => settle(() => deliver(result)),
      (reason) => settle(() => fail(reason)),
    );
  };

  const next = () => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting) start(waiting.request);
  };

  return (request) => {
    const busy = started > settled && timer !== undefined;
    if (busy) waiting = { request };
    else start(request);
  };
}
