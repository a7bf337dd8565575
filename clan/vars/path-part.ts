import { SecretFileError } from "./errors.ts";

/**
 * A name of a machine's configuration as one part of a path. One that leads elsewhere would have the operator's key open
 * another machine's secrets, and bring them to this one.
 * @param machine - whose configuration states the name. @param what - `generator`, `file` or `home`.
 * @throws {SecretFileError}
 */
export function pathPart(machine: string, what: string, name: string): string {
  if (!/^\.{0,2}$|[/\p{Cc}]/u.test(name)) return name;
  throw new SecretFileError({
    summary: `${machine}: its configuration names a ${what} that leads elsewhere`,
    expected: "a name without / and control characters, neither . nor ..",
    found: JSON.stringify(name),
    at: "clan.core.vars.generators and the homes of its configuration",
    fix: "correct the name; look for the module that states it",
    subject: { kind: "machine", name: machine },
  });
}
