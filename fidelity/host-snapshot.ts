import type { SimHost } from "../sim/hosts/simulated-host.ts";

/** A host at one moment, by its own word. */
export interface Snapshot {
  readonly current: string;
  readonly profile: string;
  /** Another one after each boot. */
  readonly bootId: string;
  /** What was booted, and what the running system says of switches: `kernel` → where it lies, `parameters` → what they are. */
  readonly booted: Readonly<Record<string, string>>;
  /** Unit, or job of launchd → its state, and the id of its last start. */
  readonly units: ReadonlyMap<string, { readonly state: string; readonly invocation: string }>;
  /** Services that were reloaded, each as often as it was. */
  readonly reloads: readonly string[];
  /** Digest of the key that opens its secrets; empty: none. */
  readonly key: string;
  /** Jobs that ran and ended, each as often as it did: systemd forgets them. */
  readonly runs: readonly string[];
  /** Valid paths of its store → bytes of their archives. */
  readonly store: ReadonlyMap<string, number>;
}

const script = `
set -eu
printf 'current\\t%s\\n' "$(readlink -f /run/current-system)"
printf 'boot-id\\t%s\\n' "$(cat /proc/sys/kernel/random/boot_id)"
for part in kernel initrd kernel-modules; do printf 'booted\\t%s\\t%s\\n' "$part" "$(readlink -f /run/booted-system/$part || true)"; done
if [ -e /run/booted-system/kernel-params ]; then
  printf 'booted\\tkernel-params\\t%s\\n' "$(cat /run/booted-system/kernel-params)"
  printf 'booted\\tswitch-inhibitors\\t%s\\n' "$(cat /run/current-system/switch-inhibitors)"
fi
printf 'profile\\t%s\\n' "$(readlink -f /nix/var/nix/profiles/system || true)"
if [ -e /var/lib/sops-nix/key.txt ]; then printf 'key\\t%s\\n' "$(sha256sum </var/lib/sops-nix/key.txt)"; fi
systemctl show --property=Id,ActiveState,InvocationID '*' |
  awk -F= '$1 == "Id" { id = $2 } $1 == "ActiveState" { state = $2 } $1 == "InvocationID" { invocation = $2 }
    $0 == "" { print "unit\\t" id "\\t" state "\\t" invocation; id = state = invocation = "" }
    END { print "unit\\t" id "\\t" state "\\t" invocation }'
if [ -e /run/fidelity-reloads ]; then sed 's/^/reload\\t/' /run/fidelity-reloads; fi
if [ -e /run/fidelity-runs ]; then sed 's/^/run\\t/' /run/fidelity-runs; fi
nix --extra-experimental-features nix-command path-info --all --size | awk '{ print "path\\t" $1 "\\t" $2 }'
`;

/** A simulated Mac's jobs are units of its systemd. */
function jobOr(unit: string): string {
  return /^launchd-(.+)\.service$/.exec(unit)?.[1] ?? unit;
}

/** Asks the host itself, not over ssh. */
export async function takeSnapshot(host: SimHost, signal: AbortSignal): Promise<Snapshot> {
  const { stdout, stderr, exitCode } = await host.exec(script, signal, { deadlineMs: 60_000 });
  if (exitCode !== 0) throw new Error(`${host.name}: the host could not say what it is: ${stderr}`);
  const lines = stdout.split("\n").map((line) => line.split("\t"));
  const all = (key: string): readonly string[][] => lines.filter(([name]) => name === key).map(([, ...rest]) => rest);
  const one = (key: string): string => all(key)[0]?.[0] ?? "";
  return {
    current: one("current"),
    profile: one("profile"),
    bootId: one("boot-id"),
    booted: Object.fromEntries(all("booted").map(([part = "", what = ""]) => [part, what])),
    units: new Map(all("unit").map(([unit = "", state = "", invocation = ""]) => [jobOr(unit), { state, invocation }])),
    key: one("key"),
    reloads: all("reload").map(([unit = ""]) => unit),
    runs: all("run").map(([unit = ""]) => unit),
    store: new Map(all("path").map(([path = "", size]) => [path, Number(size)])),
  };
}
