import { z } from "zod";
import type { StorePath } from "../../local-nix/store-path.ts";
import { storePathSchema } from "../activation/transaction.ts";
import { composeScript } from "../host-script.ts";
import type { SshHost } from "../ssh/ssh-host.ts";

const script = [new URL("./scripts/generations.sh", import.meta.url)];

/** One generation of a host's system profile. */
export interface Generation {
  readonly number: number;
  /** Unix seconds; 0: not known. */
  readonly madeAt: number;
  readonly toplevel: StorePath;
}

const lineSchema = z.tuple([z.string().regex(/^\d{1,9}$/), z.string().regex(/^\d{1,12}$/), storePathSchema]);

/** The system profile's generations, oldest first; links of other forms are none. */
export async function readGenerations(host: SshHost, signal: AbortSignal): Promise<Generation[]> {
  const text = await host.read(
    composeScript("generations", script, []),
    { elevation: "if-possible", deadlineSeconds: 30 },
    signal,
  );
  return parseGenerations(text);
}

/** @param text - lines `<number><TAB><Unix seconds><TAB><system>` */
export function parseGenerations(text: string): Generation[] {
  return text.split("\n").flatMap((line) => {
    const parsed = lineSchema.safeParse(line.split("\t"));
    if (!parsed.success) return [];
    const [number, madeAt, toplevel] = parsed.data;
    return [{ number: Number(number), madeAt: Number(madeAt), toplevel }];
  });
}

/**
 * The generation to go back to: the newest one before the current that is another system. Where the host runs one of those
 * before its profile's, somebody went back by hand, as in the loader's menu when the newest does not boot: that one stays.
 * @param current - the profile's generation and the running system, as the host says.
 */
export function previousGeneration(
  generations: readonly Generation[],
  current: { readonly generation: number | null; readonly toplevel: StorePath | null },
): Generation | undefined {
  const newest = current.generation ?? Number.POSITIVE_INFINITY;
  const candidates = generations.filter(({ number }) => number <= newest);
  const isRunning = ({ toplevel }: Generation): boolean => toplevel === current.toplevel;
  const running = candidates.findLast(isRunning);
  if (running !== undefined && running !== candidates.at(-1)) return running;
  return candidates.findLast((generation) => !isRunning(generation));
}
