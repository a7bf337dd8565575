import { z } from "zod";
import type { StorePath } from "../../local-nix/store-path.ts";
import { RemoteOutputError } from "../errors.ts";
import type { HostFacts } from "../host-facts.ts";
import type { HostSession } from "../host-session.ts";
import { renderAddress } from "../ssh/connection-spec.ts";
import type { Wanted } from "./plan-activation.ts";
import type { ActivationPolicy } from "./policy.ts";
import { hostScript } from "./scripts.ts";

const loaderSchema = z.enum(["systemd-boot", "grub", "extlinux", "lanzaboote"]).optional();

const declaredSchema = z.object({
  present: z.boolean(),
  /** What the toplevel says it is built for; absent in old ones. */
  system: z.string().max(100).optional(),
  marker: z.enum(["nixos", "darwin"]).optional(),
  /** It has kernel and boot entries; false: a container, the boot parts are skipped. */
  bootable: z.boolean(),
  /** Why `test` must not lead there, only a reboot: lines of the host's script. */
  bootOnly: z.array(z.string().max(500)).max(10),
  /** What a reboot would change beyond that: kernel, initrd. */
  rebootFor: z.array(z.string().max(500)).max(10),
  /** What the new system's installer writes for, and that of what boots by default; absent: their names do not tell. */
  loader: z.object({ declared: loaderSchema, present: loaderSchema }),
  /** Space that kernel and initrd will take up in /boot. */
  bootNeedKib: z.int().nonnegative(),
});
/** A pushed toplevel, as it lies on the host. */
export type DeclaredSystem = z.output<typeof declaredSchema>;

/** @param activates - the toplevel, or a specialisation of it: what `test` is called of. @throws {RemoteOutputError} */
export async function readDeclared(
  session: HostSession,
  toplevel: StorePath,
  activates: StorePath,
  signal: AbortSignal,
): Promise<DeclaredSystem> {
  const script = hostScript("check", [toplevel, activates]);
  const text = await session.retried(() => session.script(script, { deadlineSeconds: 60 }, signal), signal);
  const lines = text.split("\n").map((line) => line.split("\t"));
  const facts = new Map(lines.map(([key = "", value]) => [key, value || undefined]));
  const all = (key: string): string[] => lines.flatMap(([name, value]) => (name === key && value ? [value] : []));
  const parsed = declaredSchema.safeParse({
    present: facts.get("present") === "yes",
    system: facts.get("system")?.trim() || undefined,
    marker: facts.get("marker"),
    bootable: facts.get("bootable") === "yes",
    bootOnly: all("boot-only"),
    rebootFor: all("reboot-for"),
    loader: { declared: facts.get("loader.declared"), present: facts.get("loader.present") },
    bootNeedKib: Number(facts.get("boot.need") ?? Number.NaN),
  });
  if (parsed.success) return parsed.data;
  throw new RemoteOutputError({
    summary: `${session.spec.machine}: the host's description of the new system makes no sense`,
    expected: "class, platform, boot files",
    found: z.prettifyError(parsed.error).slice(0, 1_000),
    at: `${renderAddress(session.spec)}: ${toplevel}`,
    fix: "look at the path on the host; was it built for NixOS or nix-darwin?",
  });
}

/** Why the pushed system must not be started on this host; undefined: nothing speaks against it. */
export function reasonAgainst(
  declared: DeclaredSystem,
  facts: HostFacts,
  wanted: Wanted,
  { installBootloader }: Pick<ActivationPolicy, "installBootloader">,
): string | undefined {
  if (!declared.present) return `${wanted.toplevel} is not on the host after the push`;
  // Guard of nixos-rebuild against nix#13367: a path that is no system at all.
  if (declared.marker !== wanted.class) {
    return `${wanted.toplevel} is ${declared.marker === undefined ? "no system" : `a ${declared.marker} system`}, declared is ${wanted.class}`;
  }
  if (declared.system !== undefined && declared.system !== wanted.system) {
    return `${wanted.toplevel} is built for ${declared.system}, the host is ${facts.system}`;
  }
  const { loader } = declared;
  const isOther = loader.declared !== undefined && loader.present !== undefined && loader.declared !== loader.present;
  // A loader that is not installed is not written for: at best its builder says so, after the test.
  if (declared.bootable && isOther && !installBootloader && wanted.mode !== "test") {
    return `the new system boots by ${loader.declared}, this host by ${loader.present}: set installBootloader to have it installed`;
  }
  const free = facts.freeKib.boot;
  if (declared.bootable && free !== null && declared.bootNeedKib > free) {
    return `/boot has ${free} KiB free, kernel and initrd take ${declared.bootNeedKib} KiB`;
  }
  return undefined;
}
