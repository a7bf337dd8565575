import { z } from "zod";
import { parseEither } from "./sops-metadata.ts";

// sops takes a list, or one text with commas.
const recipients = z
  .union([z.string(), z.array(z.string())])
  .nullish()
  .transform((stated) =>
    (typeof stated === "string" ? stated.split(",") : (stated ?? []))
      .map((one) => one.trim())
      .filter((one) => one !== ""),
  );

const ruleSchema = z.object({
  path_regex: z.string().nullish(),
  age: recipients,
  key_groups: z.array(z.object({ age: recipients })).nullish(),
});

/** One rule of `.sops.yaml`: who can open the files whose path it matches. */
export interface SopsRule {
  /** null: every file; undefined: an expression that only sops itself understands. */
  readonly path: RegExp | null | undefined;
  /** age recipients of all its groups. */
  readonly recipients: readonly string[];
}

/**
 * The creation rules of a `.sops.yaml`. Source: sops 3.11, `config/config.go`.
 * @returns undefined where the text is not such a file.
 */
export function parseSopsRules(text: string): readonly SopsRule[] | undefined {
  const schema = z.object({ creation_rules: z.array(ruleSchema).nullish() });
  const { data } = schema.safeParse(parseEither(text));
  return data?.creation_rules?.map(({ path_regex, age, key_groups }) => ({
    path: path_regex == null || path_regex === "" ? null : expression(path_regex),
    recipients: [...new Set([...age, ...(key_groups ?? []).flatMap((group) => group.age)])],
  }));
}

/**
 * The first rule that matches counts. @param path - relative to the folder of `.sops.yaml`.
 * @returns undefined where none does, or where that cannot be told.
 */
export function recipientsFor(rules: readonly SopsRule[], path: string): readonly string[] | undefined {
  for (const rule of rules) {
    if (rule.path === undefined) return undefined;
    if (rule.path === null || rule.path.test(path)) return rule.recipients;
  }
  return undefined;
}

/** Go's syntax, of which nearly all is JavaScript's. */
function expression(text: string): RegExp | undefined {
  try {
    return new RegExp(text, "u");
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
