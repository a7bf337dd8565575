/** Something under way that ^C may ask to end. Disposed of when it has ended. */
export interface Interruptible extends Disposable {
  readonly signal: AbortSignal;
}

const interruption = new AbortController();
const interrupt = (): void => interruption.abort(new Error("interrupted"));
let underWay = 0;

/** Whether ^C has asked for the end of what is under way: whatever fails from then on may fail of that. */
export function wasInterrupted(): boolean {
  return interruption.signal.aborted;
}

/**
 * Pulumi's second ^C sends SIGINT to the plugin's process group and kills it 5 s later; so does the end of every update.
 * The signal is listened to only while something is under way: with a listener and nothing to do the process would not
 * end, and each update last those 5 s longer. Source: pulumi 3.250, engine.
 */
export function interruptible(): Interruptible {
  underWay += 1;
  if (underWay === 1) process.on("SIGINT", interrupt);
  return {
    signal: interruption.signal,
    [Symbol.dispose]: () => {
      underWay -= 1;
      if (underWay === 0) process.off("SIGINT", interrupt);
    },
  };
}
