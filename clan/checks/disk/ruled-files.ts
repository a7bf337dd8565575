import { stat } from "node:fs/promises";
import { join } from "node:path";
import { maxSopsBytes, readSopsMetadata } from "../../vars/sops/sops-metadata.ts";
import { parseSopsRules, recipientsFor, type SopsRule } from "../../vars/sops/sops-rules.ts";
import { entriesOf, textOf } from "./absent.ts";

/** A sops file that `.sops.yaml` has a rule for. */
export interface RuledFile {
  /** Relative to the root. */
  readonly path: string;
  /** Recipients of the rule that cannot open it. */
  readonly missing: readonly string[];
  /** Recipients that the rule does not name any more, and who can open it. */
  readonly former: readonly string[];
}

/** Clan's own folders, and what is nobody's source. */
const passedOver = new Set(["vars", "sops", "node_modules", "result"]);
const deepest = 8;

/** Those of the fleet's folder whose recipients are not those of their rule. Nothing is decrypted. */
export async function readRuledFiles(root: string): Promise<readonly RuledFile[]> {
  const text = await textOf(join(root, ".sops.yaml"));
  const rules = text === undefined ? undefined : parseSopsRules(text);
  if (rules === undefined) return [];
  return await filesBelow(root, "", rules, deepest);
}

async function filesBelow(
  root: string,
  folder: string,
  rules: readonly SopsRule[],
  depth: number,
): Promise<readonly RuledFile[]> {
  if (depth === 0) return [];
  const entries = (await entriesOf(join(root, folder))).filter(
    ({ name }) => !name.startsWith(".") && !(folder === "" && passedOver.has(name)) && name !== "node_modules",
  );
  const read = entries.map(async (entry): Promise<readonly RuledFile[]> => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return await filesBelow(root, path, rules, depth - 1);
    const wanted = entry.isFile() ? recipientsFor(rules, path) : undefined;
    return wanted === undefined || wanted.length === 0 ? [] : await compared(root, path, wanted);
  });
  return (await Promise.all(read)).flat();
}

async function compared(root: string, path: string, wanted: readonly string[]): Promise<readonly RuledFile[]> {
  if ((await stat(join(root, path))).size > maxSopsBytes) return [];
  const metadata = readSopsMetadata((await textOf(join(root, path))) ?? "");
  if (metadata === undefined || metadata.age.length === 0) return [];
  const has = metadata.age.map(({ recipient }) => recipient);
  const missing = wanted.filter((recipient) => !has.includes(recipient));
  const former = has.filter((recipient) => !wanted.includes(recipient));
  return missing.length + former.length === 0 ? [] : [{ path, missing, former }];
}
