import { newlyFailed } from "../deploy/activation/judge-test.ts";
import { RestoreError } from "./errors.ts";
import type { HostUnderTest } from "./host-under-test.ts";
import { type Check, Checks } from "./row.ts";
import type { Found } from "./target.ts";

/** The host after a run, compared with before. */
export interface Restored {
  readonly checks: readonly Check[];
  /** Store paths of ours that the next garbage collection removes. */
  readonly left: readonly string[];
}

/**
 * Puts the host back to how it was found, and looks whether it is: system, generation, default entry, boot, no traces.
 * Repeatable, and knows nothing of what was done: also for a run that was killed.
 * @throws {RestoreError} with the way back by hand
 */
export async function restoreHost(host: HostUnderTest, signal: AbortSignal): Promise<Restored> {
  try {
    const { found } = host;
    const outcome = await host.deploy(found.toplevel, {}, signal);
    if (outcome.facts.current !== found.toplevel) throw new Error(`${outcome.kind}: ${outcome.reason ?? ""}`);
    if (found.hasLoader && found.booted !== null && (await host.facts(signal)).booted !== found.booted)
      await host.reboot(signal);
    const left = await host.removeTraces(signal);
    const checks = await compare(host, signal);
    const wrong = checks.filter(({ passed }) => !passed);
    if (wrong.length > 0) {
      throw new Error(wrong.map(({ what, expected, seen }) => `${what}: ${seen}, expected ${expected}`).join("; "));
    }
    return { checks, left };
  } catch (error) {
    throw new RestoreError(
      {
        summary: `${host.spec.machine}: the host could not be put back to how it was found`,
        expected: `${host.found.toplevel}, generation ${host.found.generation}`,
        found: (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "",
        at: host.spec.machine,
        fix: `run this again: it goes on from here. Or by hand, as root on the host:\n${wayBackByHand(host.found).join("\n")}`,
      },
      { cause: error },
    );
  }
}

async function compare(host: HostUnderTest, signal: AbortSignal): Promise<readonly Check[]> {
  const { found } = host;
  const checks = new Checks();
  const facts = await checks.settledOn(found.toplevel, host, signal);
  checks.equal("generation", String(found.generation), String(facts.generation));
  checks.equal("booted system", found.booted ?? "none", facts.booted ?? "none");
  checks.holds("it belongs to nobody", facts.owner === undefined);
  const { traces, unit } = await host.look(signal);
  checks.holds("the unit is gone", !unit);
  const own = traces.filter((path) => !(found.hadState && path === "/nix/var/pulumi-clan"));
  checks.equal("files of ours", "none", own.join(" ") || "none");
  const after = (await host.generations(signal)).filter(({ number }) => number > found.highestGeneration);
  checks.equal("later generations", "none", after.map(({ number }) => number).join(" ") || "none");
  checks.equal("newly failed units", "none", newlyFailed(found.failedUnits, facts.failedUnits).join(" ") || "none");
  return checks.all;
}

/** Commands for a person, as root, when all else failed; one after the other, and the whole may be repeated. */
export function wayBackByHand(found: Found): readonly string[] {
  const { toplevel, generation, highestGeneration, hadState } = found;
  const profile = "nix-env -p /nix/var/nix/profiles/system";
  const ours = `/nix/var/nix/gcroots/pulumi-clan-acceptance /nix/var/nix/gcroots/pulumi-clan /nix/var/pulumi-clan-acceptance`;
  return [
    // Whatever is under way there goes back by itself first.
    ...(found.class === "nixos" ? ["systemctl stop 'pulumi-clan-*'"] : []),
    `${profile} --switch-generation ${generation}`,
    `${profile} --delete-generations $(seq ${highestGeneration + 1} ${highestGeneration + 100})`,
    found.class === "darwin"
      ? `${toplevel}/activate`
      : `NIXOS_NO_CHECK=1 ${toplevel}/bin/switch-to-configuration ${found.hasLoader ? "switch" : "test"}`,
    `rm -rf ${ours}${hadState ? "" : " /nix/var/pulumi-clan"}`,
  ];
}
