import { z } from "zod";
import { RemoteOutputError } from "./errors.ts";
import { renderAddress } from "./ssh/connection-spec.ts";
import type { SshHost } from "./ssh/ssh-host.ts";

/** Facts as our scripts on hosts print them: lines `key<TAB>value`; a key may come again. Other lines are none of ours. */
export class FactLines {
  readonly #values = new Map<string, string[]>();

  constructor(text: string) {
    for (const line of text.split("\n")) {
      const tab = line.indexOf("\t");
      if (tab <= 0) continue;
      const key = line.slice(0, tab);
      this.#values.set(key, [...(this.#values.get(key) ?? []), line.slice(tab + 1)]);
    }
  }

  /** In the order in which they were printed. */
  all(key: string): readonly string[] {
    return this.#values.get(key) ?? [];
  }

  /** The first one; undefined: none, or an empty one. */
  one(key: string): string | undefined {
    return this.all(key)[0] || undefined;
  }
}

/** @param expected - what was asked about. @param shouldBe - what the host is taken for, `a Linux machine`. */
export function senselessFacts(
  host: SshHost,
  expected: string,
  shouldBe: string,
  error: z.ZodError,
): RemoteOutputError {
  return new RemoteOutputError({
    summary: `${host.spec.machine}: the host describes itself in a way that makes no sense`,
    expected,
    found: z.prettifyError(error).slice(0, 1_000),
    at: renderAddress(host.spec),
    fix: `is it ${shouldBe}? Log in and look`,
  });
}
