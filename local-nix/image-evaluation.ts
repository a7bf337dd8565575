import { z } from "zod";
import { askConfiguration } from "./configuration-question.ts";
import { NixEvaluationError } from "./errors.ts";
import type { EvaluationSettings, EvaluationTarget } from "./evaluation-request.ts";
import { NixError } from "./nix-error.ts";
import { storePathSchema } from "./store-path.ts";

/** An image of a machine's disk with its system on it. */
export const systemImageSchema = z.strictObject({ drvPath: z.string().min(1), image: storePathSchema });
export type SystemImage = z.output<typeof systemImageSchema>;

/** Source: nixpkgs, nixos/modules/virtualisation/google-compute-image.nix: a folder with one `*.raw.tar.gz`. */
const apply =
  "c: let i = c.system.build.googleComputeImage; in { drvPath = builtins.unsafeDiscardStringContext i.drvPath; image = builtins.unsafeDiscardStringContext i.outPath; }";

/** @throws {NixEvaluationError} also for a configuration that makes no image. */
export async function evaluateGoogleImage(
  target: EvaluationTarget,
  settings: EvaluationSettings & { readonly cacheDir?: string },
  signal: AbortSignal,
): Promise<SystemImage> {
  try {
    const question = { apply, schema: systemImageSchema, purpose: "read its image" };
    return await askConfiguration(target, settings, question, signal);
  } catch (error) {
    if (!(error instanceof NixError)) throw error;
    throw new NixEvaluationError(
      {
        summary: `${target.machine}: the image for Google's cloud does not evaluate`,
        expected: "system.build.googleComputeImage",
        found: error.failure.block.message,
        at: `${target.class}Configurations.${target.machine}.config.system.build.googleComputeImage`,
        fix: "import nixpkgs' nixos/modules/virtualisation/google-compute-image.nix into the machine; or state another `image` for its node",
      },
      error.failure,
      { cause: error },
    );
  }
}
