import { setTimeout as sleep } from "node:timers/promises";
import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import type { NamedVm } from "./guest-host-keys.ts";
import { within } from "./within.ts";

/** Who may log in to the system that a new VM boots, until it is a NixOS. */
export interface FirstLogin {
  /** By which the machine is dialled. */
  readonly user: string;
  /** Public keys, `ssh-ed25519 AAAA…`. */
  readonly keys: readonly string[];
}

/** Guest attribute by which the VM says that root can log in. */
const opened = "pulumi-clan/first-login";

/**
 * Google's images deny root's login whatever its keys are. The guest agent brings the keys; only then the door opens, and
 * only then the VM says so: port 22 answers long before. Source: Compute Engine documentation, "Add SSH keys to VMs", "Use
 * startup scripts on Linux VMs", "Set guest attributes"; sshd_config(5): the first value counts.
 */
const openDoor = `#!/bin/sh
# Root logs in with the keys of this VM's metadata until the machine is installed.
set -eu
[ ! -e /etc/NIXOS ] || exit 0
left=120
until [ -s /root/.ssh/authorized_keys ] || [ "$left" = 0 ]; do left=$((left - 1)); sleep 1; done
printf 'PermitRootLogin prohibit-password\\n' > /etc/ssh/sshd_config.d/00-first-login.conf
systemctl reload ssh 2>/dev/null || systemctl reload sshd
curl --fail --silent --show-error --request PUT --header 'Metadata-Flavor: Google' --data open \\
  http://metadata.google.internal/computeMetadata/v1/instance/guest-attributes/${opened}
`;

/** Metadata of a VM for its first login. Another user than root is made by Google's guest agent, with sudo. */
export function firstLoginMetadata({ user, keys }: FirstLogin): Readonly<Record<string, string>> {
  if (keys.length === 0) return {};
  const login = { "ssh-keys": keys.map((key) => `${user}:${key}`).join("\n") };
  return user === "root" ? { ...login, "startup-script": openDoor } : login;
}

/** How long is asked, and how often. */
export interface DoorPatience {
  readonly deadlineSeconds: number;
  readonly pauseMs: number;
}

/** Waits until the VM says that root can log in. A door that stays shut is told, and no failure: the login tells it anew. */
export async function awaitOpenDoor(
  vm: NamedVm,
  parent: pulumi.Resource,
  { deadlineSeconds, pauseMs }: DoorPatience = { deadlineSeconds: 120, pauseMs: 2_000 },
): Promise<void> {
  const until = performance.now() + deadlineSeconds * 1000;
  for (;;) {
    const shut = await within(until - performance.now(), whyShut(vm, parent), "no answer");
    if (shut === undefined) return;
    if (performance.now() + pauseMs > until) {
      const told = `${vm.name}: its startup script did not say after ${deadlineSeconds} s that root can log in: ${shut}`;
      return await pulumi.log.warn(told, parent);
    }
    await sleep(pauseMs);
  }
}

async function whyShut({ project, zone, name }: NamedVm, parent: pulumi.Resource): Promise<string | undefined> {
  try {
    const question = { project, zone, name, queryPath: opened };
    const { queryValues } = await gcp.compute.getInstanceGuestAttributes(question, { parent });
    return queryValues.length === 0 ? "nothing under this name" : undefined;
  } catch (error) {
    return error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
  }
}
