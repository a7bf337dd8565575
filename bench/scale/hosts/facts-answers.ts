import { type HostMemory, isValid, now } from "./host-memory.ts";
import { printedBy, programs } from "./requests.ts";

/** Units of a small server: what a host tells of them is most of its facts. */
const units = Array.from({ length: 60 }, (_, index) => `service-${String(index).padStart(2, "0")}.service`);

function lines(pairs: readonly (readonly [key: string, value: string | number])[]): string {
  return pairs.map(([key, value]) => `${key}\t${value}\n`).join("");
}

/** As scripts/facts.sh prints them on a NixOS with systemd-boot, to root. */
export function answerFacts(host: HostMemory): string {
  const { name, bootId, current, booted, profile, generation, owner, transaction, lock, jobs } = host;
  return lines([
    ["login.uid", 0],
    ["uid", 0],
    ["hostname", name],
    ["kernel", "Linux"],
    ["arch", "x86_64"],
    ["marker", "nixos"],
    ["boot-id", bootId],
    ["current", current],
    ["bootable", "yes"],
    ["booted", booted],
    ["profile", profile],
    ["generation", `system-${generation}-link`],
    ...["nix-store", "nix-env", "nix-daemon"].map((tool) => [`tool.${tool}`, `${programs}/${tool}`] as const),
    ["free.nix", 500_000_000],
    ["free.boot", 500_000],
    ["boot.mounted", "yes"],
    ["boot.kind", "systemd-boot"],
    ["boot.entry", `nixos-generation-${generation}.conf`],
    ["boot.init", `${profile}/init`],
    ["boot.files", "yes"],
    ...units.map((unit) => ["unit.active", unit] as const),
    ...(owner === undefined ? [] : [["owner", owner] as const]),
    ...(transaction === undefined ? [] : [["transaction", transaction] as const]),
    ...(lock === undefined ? [] : [["lock", `1 ${bootId} ${lock.since} ${lock.token} ${lock.by}`] as const]),
    ...[...jobs.values()].map((job) => ["job", `${job.id} ${job.state}`] as const),
    ["end", now()],
  ]);
}

/** As scripts/observe.sh: nobody but us ever switched it, and no boot is needed. */
export function answerObserve({ deployedAt }: HostMemory): string {
  return `${lines([["deployed", deployedAt]])}end\n`;
}

/** As scripts/hardware.sh of a machine whose file systems are as it declares them. @param device - that of its root, or "". */
export function answerHardware([device = ""]: readonly string[]): string {
  return lines([
    ["arch", "x86_64"],
    ["kernel", "Linux"],
    ["firmware", "efi"],
    ["driver", "nvme"],
    ...(device.startsWith("/dev/") ? ([["root", "yes"]] as const) : []),
    ["end", "yes"],
  ]);
}

/** As scripts/check.sh of a system that is there. */
export function answerCheck(host: HostMemory, [toplevel = ""]: readonly string[]): string {
  const isThere = isValid(host, toplevel);
  return lines([
    ["present", isThere ? "yes" : "no"],
    ...(isThere ? ([["system", "x86_64-linux"]] as const) : []),
    ...(isThere ? ([["marker", "nixos"]] as const) : []),
    ["bootable", isThere ? "yes" : "no"],
    ["loader.declared", "systemd-boot"],
    ["loader.present", "systemd-boot"],
    ["boot.need", 0],
  ]);
}

/** As scripts/closures.sh; of the closure that runs it can tell nothing: its store has names only. */
export function answerClosures(host: HostMemory, definitions: string): string {
  const candidates = printedBy("candidates", definitions).split("\n");
  const missing = candidates.filter((path) => path !== "" && !isValid(host, path));
  return `${lines(missing.map((path) => ["missing", path]))}missing-end\n`;
}

/** As scripts/units.sh: all loaded, none of the system's own, so that nothing is to be compared. */
export function answerUnits(): string {
  return `${units.map((unit) => `unit\t${unit}\tactive\tother\tmet\t\n`).join("")}units-end\n`;
}
