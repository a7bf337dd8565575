import type { CheckContext } from "../context.ts";
import { placeOf } from "../option-place.ts";
import type { Report, Rule } from "../rule.ts";

/**
 * Shapes that are never anything but a private key; a PEM header counts with what it heads.
 * Source: age(1) keys, RFC 7468, OpenSSH, GitHub's token format.
 */
const privateKey =
  /AGE-SECRET-KEY-1[0-9A-Z]{20,}|-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----(?:\\n|\s)*[A-Za-z0-9+/]{40}|\bgh[pousr]_[A-Za-z0-9]{36}\b/;

/** A secret that everybody can read: in the sources, among the public vars, in the store of every host. */
export const plaintextSecret: Rule = {
  id: "FC048",
  title: "a secret in plain text",
  severities: ["error", "warning"],
  evaluated: true,
  text: {
    finds:
      "A private key or token in a module file or among the public vars (error); where the configuration was evaluated, an option that takes a secret as text, such as `users.users.<u>.password` (warning): its value is in the world-readable store.",
    silent: "It works. The Nix store is readable by every user of every host it is copied to, and git forgets nothing.",
    fix: "Replace the secret, then keep it as a clan var or in a sops file; give options a file's path.",
    example: '`privateKey = "…"` in `networking.wireguard.interfaces.wg0`',
  },
  *check(context) {
    yield* inSources(context);
    for (const [machine, { plaintext }] of context.configurations) {
      if (plaintext.length === 0) continue;
      yield {
        severity: "warning",
        subject: { kind: "machine", name: machine },
        message: `${plaintext.join(", ")} of ${machine} puts a secret into the store in plain text`,
        at: placeOf(context, machine, (plaintext[0] ?? "").split(".")),
        suggestion: "use the option that takes a file, e.g. hashedPasswordFile, privateKeyFile",
      };
    }
  },
};

function* inSources({ tree }: CheckContext): Iterable<Report> {
  if (tree === null) return;
  const open = tree.secrets.publicVars.map(({ path, value }) => [`${path}/value`, value] as const);
  for (const [file, text] of [...tree.sources, ...open]) {
    const found = privateKey.exec(text);
    if (found === null) continue;
    yield {
      severity: "error",
      subject: { kind: "file", name: file },
      message: `${file} holds a private key or token in plain text`,
      at: { file, line: text.slice(0, found.index).split("\n").length },
      suggestion: "replace the secret, and keep the new one as a clan var or in a sops file",
    };
  }
}
