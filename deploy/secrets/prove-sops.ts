import { composeScript } from "../host-script.ts";
import type { RootShell } from "../root-shell.ts";
import type { RemoteScript } from "../ssh/remote-command.ts";

const file = new URL("./scripts/prove-sops.sh", import.meta.url);

/** Whose keys a host has: public halves alone, in age's form. */
export interface HostRecipients {
  /** Of the delivered key file. */
  readonly key: readonly string[];
  /** Of the host's SSH key, which sops-nix may use as well. */
  readonly host: readonly string[];
}

/**
 * Why the keys that a host has do not open what a system brings; nothing is sent or replaced.
 * @returns undefined: they do, as far as files say.
 */
export async function whatStaysShut(
  shell: Pick<RootShell, "exec">,
  proof: RemoteScript,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { code, stderr } = await shell.exec(proof, { deadlineSeconds: 60 }, signal);
  return code === 1 ? stderr.trimEnd().split("\n").at(-1)?.slice(0, 500) : undefined;
}

/**
 * The script that shows, on the host and before anything is replaced, that every sops file of a system can be opened there.
 * @param keyPath - where the key file will lie.
 */
export function proveSopsFiles(toplevel: string, keyPath: string, { key, host }: HostRecipients): RemoteScript {
  const recipients = [...key.map((one) => `key:${one}`), ...host.map((one) => `host:${one}`)];
  return composeScript("prove sops files", [file], [toplevel, keyPath, ...recipients]);
}
