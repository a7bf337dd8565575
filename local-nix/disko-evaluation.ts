import { z } from "zod";
import type { FleetError } from "../errors.ts";
import { askConfiguration } from "./configuration-question.ts";
import { NixEvaluationError } from "./errors.ts";
import type { EvaluationSettings, EvaluationTarget } from "./evaluation-request.ts";
import { NixError } from "./nix-error.ts";
import { isStorePath } from "./store-path.ts";

const storePath = z.string().refine(isStorePath, "expected /nix/store/<hash>-<name>");

/** What wipes and mounts a machine's disks, as its configuration states them. */
export const diskoSchema = z.strictObject({
  /** Derivation of the script. */
  drvPath: z.string().min(1),
  script: storePath,
  /** `disko.devices.disk.<name>.device`, in the order of the names. */
  devices: z.array(z.string().regex(/^\/dev\/[^\s]+$/, "expected a path below /dev")),
});
export type Disko = z.output<typeof diskoSchema>;

/** Source: disko, module.nix: `system.build.diskoScript`, `disko.devices.disk`. */
const apply =
  "c: let s = c.system.build.diskoScript; in { drvPath = builtins.unsafeDiscardStringContext s.drvPath; script = builtins.unsafeDiscardStringContext s.outPath; devices = map (d: d.device) (builtins.attrValues c.disko.devices.disk); }";

/** The same tree is answered from the cache, while the derivation is there. @throws {NixEvaluationError} also without disko. */
export async function evaluateDisko(
  target: EvaluationTarget,
  settings: EvaluationSettings & { readonly cacheDir?: string },
  signal: AbortSignal,
): Promise<Disko> {
  try {
    return await askConfiguration(target, settings, { apply, schema: diskoSchema, purpose: "read its disks" }, signal);
  } catch (error) {
    if (!(error instanceof NixError)) throw error;
    throw withoutDisko(target, error);
  }
}

function withoutDisko({ machine, class: ofClass }: EvaluationTarget, error: NixError): FleetError {
  const at = `${ofClass}Configurations.${machine}.config.system.build.diskoScript`;
  return new NixEvaluationError(
    {
      summary: `${machine}: the script that formats its disks does not evaluate`,
      expected: "disko.devices.disk, and disko's module among its imports",
      found: error.failure.block.message,
      at,
      fix: "declare the machine's disks with disko; without them nothing can be installed",
    },
    error.failure,
    { cause: error },
  );
}
