import { setTimeout as sleep } from "node:timers/promises";

/**
 * An answer, or what stands for one that did not come in time: a question to the engine has no deadline of its own.
 * @param ms - of patience.
 */
export async function within<Answer, None>(ms: number, asked: Promise<Answer>, none: None): Promise<Answer | None> {
  const given = new AbortController();
  const late = sleep(ms, none, { signal: given.signal });
  late.catch(() => undefined); // rejected by the end below, when it is not needed any more
  try {
    return await Promise.race([asked, late]);
  } finally {
    given.abort();
  }
}
