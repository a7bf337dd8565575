import { placeOf } from "../option-place.ts";
import type { Rule } from "../rule.ts";

/** Accounts that clash, or that nobody can use. */
export const users: Rule = {
  id: "FC049",
  title: "accounts that clash or cannot be used",
  severities: ["error", "info"],
  evaluated: true,
  text: {
    finds:
      "Two accounts of a machine with one uid (error); a person's account without key and password where passwords are declared only (`users.mutableUsers = false`; info).",
    silent: "Files of one account belong to the other; an account without a way in is just never used.",
    fix: "Give one of the two another uid; give the account a key or a hashed password.",
    example: "`users.users.tara.uid = 1000` beside cameron's 1000",
  },
  *check(context) {
    for (const [name, facts] of context.configurations) {
      const accounts = Object.entries(facts.users ?? {});
      const byUid = Map.groupBy(accounts, ([, { uid }]) => uid);
      for (const [uid, same] of byUid) {
        if (uid === null || same.length < 2) continue;
        yield {
          severity: "error",
          subject: { kind: "machine", name },
          message: `${same.map(([user]) => user).join(" and ")} of ${name} have one uid, ${uid}`,
          at: placeOf(context, name, ["users", "users", same[0]?.[0] ?? "", "uid"]),
          suggestion: "give one of them another",
        };
      }
      const useless = facts.mutableUsers
        ? []
        : accounts.filter(([, { normal, keys, password }]) => normal && keys === 0 && password === "none");
      if (useless.length === 0) continue;
      yield {
        severity: "info",
        subject: { kind: "machine", name },
        message: `${useless.map(([user]) => user).join(", ")} cannot log in to ${name}: no key, no password`,
        at: placeOf(context, name, ["users", "users", useless[0]?.[0] ?? ""]),
        suggestion: "declare an authorized key or hashedPasswordFile",
      };
    }
  },
};
