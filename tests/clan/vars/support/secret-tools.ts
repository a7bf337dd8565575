import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Folder of the `sops` and `age` that scripts/setup/secret-tools.sh builds; undefined: they were not. */
export function findSecretTools(): string | undefined {
  const cache = process.env["PULUMI_CLAN_CACHE"] ?? join(homedir(), ".cache", "pulumi-clan");
  const folder = join(cache, "secret-tools", "sops-3.11.0", "bin");
  return ["sops", "age"].every((program) => existsSync(join(folder, program))) ? folder : undefined;
}
