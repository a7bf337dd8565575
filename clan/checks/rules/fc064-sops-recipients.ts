import type { Rule } from "../rule.ts";

/** A sops file that others can open than its rule says. */
export const sopsRecipients: Rule = {
  id: "FC064",
  title: "a sops file whose recipients are not those of .sops.yaml",
  severities: ["warning"],
  text: {
    finds: "A sops file whose age recipients are not those that the first matching rule of `.sops.yaml` names.",
    silent:
      "Rules count when a file is made: a key that was added there opens nothing yet, one that was taken away still does.",
    fix: "`sops updatekeys <file>`. After a key was lost or stolen, also change the secrets themselves.",
    example: "a laptop's key was added to `.sops.yaml`, and the user's secrets were not encrypted anew",
  },
  *check({ tree }) {
    for (const { path, missing, former } of tree?.secrets.ruledFiles ?? []) {
      const words = [
        ...(missing.length === 0 ? [] : [`is not encrypted to ${missing.join(", ")}`]),
        ...(former.length === 0 ? [] : [`can still be opened by ${former.join(", ")}`]),
      ];
      yield {
        severity: "warning",
        subject: { kind: "file", name: path },
        message: `${path} ${words.join(" and ")}, against .sops.yaml`,
        at: { file: path },
        suggestion: `sops updatekeys ${path}`,
      };
    }
  },
};
