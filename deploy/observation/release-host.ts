import type { Owner } from "../activation/transaction.ts";
import { composeScript } from "../host-script.ts";
import type { SshHost } from "../ssh/ssh-host.ts";

const script = [new URL("./scripts/release.sh", import.meta.url)];

/**
 * Gives a host back: its mark is taken away when it is the given owner's, everything else stays as it is and runs on.
 * @returns `none`: it had no mark; `foreign`: somebody else's, left alone.
 */
export async function releaseHost(
  host: SshHost,
  owner: Owner,
  signal: AbortSignal,
): Promise<"released" | "foreign" | "none"> {
  const mark = JSON.stringify({ project: owner.project, stack: owner.stack, machine: owner.machine });
  const options = { elevation: "if-possible", deadlineSeconds: 15 } as const;
  const answer = (await host.read(composeScript("release", script, [mark]), options, signal)).trim();
  return answer === "released" || answer === "foreign" ? answer : "none";
}
