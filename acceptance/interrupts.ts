/** ^C in a run that must leave a host as it was found. */
export interface Interrupts extends Disposable {
  /** Aborts with the first one: what is under way is stopped, and the way back begins. */
  readonly signal: AbortSignal;
  /** The way back begins. @returns a signal that aborts with the second ^C after that, and after an hour. */
  restoring(): AbortSignal;
}

const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** One ^C may come as several signals, from the terminal and from npm: in the way back the first one only warns. */
export function startInterrupts(tell: (line: string) => void): Interrupts {
  const running = new AbortController();
  const wayBack = new AbortController();
  let isRestoring = false;
  let isWarned = false;
  const onSignal = (): void => {
    if (!running.signal.aborted) {
      tell("acceptance: interrupted");
      running.abort(new Error("interrupted"));
    } else if (isRestoring && !isWarned) {
      isWarned = true;
      tell("acceptance: the host is being put back; once more leaves it as it is");
    } else if (isRestoring) wayBack.abort(new Error("interrupted while the host was put back"));
  };
  for (const name of names) process.on(name, onSignal);
  return {
    signal: running.signal,
    restoring: () => {
      isRestoring = true;
      return AbortSignal.any([wayBack.signal, AbortSignal.timeout(3_600_000)]);
    },
    [Symbol.dispose]: () => {
      for (const name of names) process.off(name, onSignal);
    },
  };
}
