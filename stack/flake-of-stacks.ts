import { existsSync } from "node:fs";
import path from "node:path";
import type { FleetSource } from "./open-fleet.ts";
import { readStackFile, stackNames } from "./read-stack-file.ts";

/**
 * The flake that a project adopts, for commands that are about the whole fleet and no stack.
 * @param name - the stack that counts. Default: all of the project's.
 * @returns none where no stack names a flake, or where they name several.
 * @throws {StackConfigError}
 */
export async function flakeOfStacks(root: string, name: string | undefined): Promise<FleetSource> {
  if (!existsSync(path.join(root, "Pulumi.yaml"))) return {};
  const stacks = name === undefined ? await stackNames(root) : [name];
  const configs = await Promise.all(stacks.map(async (one) => (await readStackFile(root, { name: one })).config));
  const sources = configs.flatMap(({ flake, overrideInputs, nixOptions, impure }) =>
    flake === undefined ? [] : [{ flake, overrideInputs, nixOptions, impure }],
  );
  const [first = {}] = sources;
  return new Set(sources.map((source) => JSON.stringify(source))).size === 1 ? first : {};
}
