import type { Rule } from "../rule.ts";

/** A module that git does not know: other checkouts, and evaluations of the git tree, do not have it. */
export const untrackedFile: Rule = {
  id: "FC011",
  title: "a module that git does not know",
  severities: ["warning", "info"],
  text: {
    finds:
      "A file among the modules that is not tracked, or that git was told to ignore. Warning where the fleet is evaluated from git and so lacks it; info where it is evaluated all the same and only others lack it.",
    silent: "A `git+file:` flake has tracked files only; the evaluation succeeds without the file.",
    fix: "`git add` the file.",
    example: "a new `modules/nixos/backup.nix` before `git add`",
  },
  *check({ tree }) {
    if (tree === null) return;
    const seen = tree.evaluatesUntracked;
    for (const file of tree.untracked ?? []) {
      yield {
        severity: seen ? "info" : "warning",
        subject: { kind: "file", name: file },
        message: seen
          ? `git does not track ${file}: it is deployed from here, but plain nix, clan and other checkouts lack it`
          : `git does not track ${file}, so the evaluated fleet lacks it`,
        at: { file },
        suggestion: `git add ${file}`,
      };
    }
    for (const file of tree.ignored) {
      yield {
        severity: "info",
        subject: { kind: "file", name: file },
        message: `git ignores ${file}, so a copy of the tree lacks it`,
        at: { file },
        suggestion: "correct .gitignore, or delete the file",
      };
    }
  },
};
