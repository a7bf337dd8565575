import { runCommand } from "../sim/hosts/run-command.ts";
import type { SimHost } from "../sim/hosts/simulated-host.ts";

/** What took part, as it calls itself. */
export async function readVersions(host: SimHost, signal: AbortSignal): Promise<readonly string[]> {
  const first = (text: string): string => /\d+(?:\.\d+)+(?:p\d+)?|\d+/.exec(text)?.[0] ?? "unknown";
  const inside = async (command: string): Promise<string> => {
    const { stdout, stderr } = await host.exec(command, signal);
    return first(stdout || stderr);
  };
  return [
    `systemd ${await inside("systemctl --version")}`,
    `OpenSSH ${await inside("ssh -V 2>&1 | cut -d _ -f 2")}`,
    `Nix ${await inside("nix --version")} on the hosts`,
    `Nix ${first(await runCommand("nix", ["--version"], {}, signal))} and Pulumi ${first(await runCommand("pulumi", ["version"], {}, signal))} with Node ${process.versions.node} on the operator's side`,
  ];
}
