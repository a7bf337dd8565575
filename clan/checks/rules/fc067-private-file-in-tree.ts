import type { Rule } from "../rule.ts";

/** The stack names a private file that is part of the source tree: every evaluation copies it into the Nix store. */
export const privateFileInTree: Rule = {
  id: "FC067",
  title: "a private file in the fleet's tree",
  severities: ["error"],
  text: {
    finds:
      "A file that a stack names as the operator's own (`install.files`, `install.diskKeys`, `identityFile`) in the fleet's folder, and git does not ignore it.",
    silent:
      "It works. To evaluate the fleet its tree is copied into the Nix store, committed or not, where every user of the operator's machine can read it, and from where a build can bring it to hosts.",
    fix: "Move it out of the fleet's folder, or let git ignore it. What was copied stays in the store until it is collected: replace the key.",
    example:
      "`hosts.galena.install.files: secrets/galena`, with `secrets/galena/var/lib/sops-nix/key.txt` in the folder",
  },
  *check({ tree }) {
    for (const { stack, named, staged } of tree?.privateFiles ?? []) {
      const [first = "", ...others] = staged;
      const more = others.length === 0 ? "" : ` and ${others.length} more`;
      yield {
        severity: "error",
        subject: { kind: "file", name: first },
        message: `${first}${more}, which ${named.key} names, goes into the Nix store with the fleet's tree`,
        at: named.line === undefined ? { file: stack.file } : { file: stack.file, line: named.line },
        suggestion: `move ${named.path} out of the fleet's folder, or add it to .gitignore; then replace what it holds`,
      };
    }
  },
};
