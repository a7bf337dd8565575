import type { MachineFacts } from "../machine-facts.ts";
import { deployedAt } from "../machines.ts";
import { optionPlace } from "../option-place.ts";
import type { Rule, Severity } from "../rule.ts";

interface Reason {
  readonly severity: Severity;
  readonly what: string;
  readonly fix: string;
  /** Path of what is to be changed; empty: nothing states it. */
  readonly option: readonly string[];
}

/** After this deployment nobody can deploy again. */
export const lockOut: Rule = {
  id: "FC041",
  title: "a deployment that locks its deployer out",
  severities: ["error", "warning"],
  evaluated: true,
  text: {
    finds:
      "A NixOS machine whose new configuration does not let the target host's account in: sshd off, no such account, no authorized key and no password, PermitRootLogin, AllowUsers, AllowGroups or DenyUsers against it, no sudo for an account that is not root. Warning where only a key that somebody put into its home by hand still opens.",
    silent: "The old session stays open while the new system is activated; the next connection fails.",
    fix: "Give the account a key, or deploy as an account that has one.",
    example: '`PermitRootLogin = "no"` with `deploy.targetHost = "root@galena.zt"`',
  },
  *check(context) {
    const { model, configurations, at } = context;
    for (const [name, machine] of Object.entries(model.machines)) {
      const facts = configurations.get(name);
      const target = deployedAt(name, context);
      if (machine.class !== "nixos" || facts === undefined || target === undefined) continue;
      const user = target.user ?? "root";
      const reason = reasons(user, facts).next().value;
      if (reason === undefined) continue;
      yield {
        severity: reason.severity,
        subject: { kind: "machine", name },
        message: `${name} is deployed as ${user}, but ${reason.what}`,
        at:
          optionPlace(context, name, reason.option) ??
          at(["clan", "inventory", "machines", name, "deploy", "targetHost"]) ??
          machine.definedAt,
        suggestion: reason.fix,
      };
    }
  },
};

/** The first is enough: the others show once it is mended. */
function* reasons(user: string, facts: MachineFacts): Iterator<Reason, undefined> {
  const { ssh, users, sudo } = facts;
  const error = (option: readonly string[], what: string, fix: string): Reason => {
    return { severity: "error", what, fix, option };
  };
  const setting = (name: string): string[] => ["services", "openssh", "settings", name];
  const account = users?.[user];
  if (ssh === null) return undefined;
  if (!ssh.enable)
    yield error(["services", "openssh", "enable"], "its sshd is switched off", "set services.openssh.enable = true");
  if (users !== null && account === undefined && user !== "root") {
    yield error([], `it has no account ${user}`, `declare users.users.${user}, or deploy as another account`);
  }
  if (user === "root" && ssh.permitRootLogin === "no") {
    yield error(
      setting("PermitRootLogin"),
      'PermitRootLogin is "no"',
      'deploy as another account, or set PermitRootLogin = "prohibit-password"',
    );
  }
  const groups = [...(account?.groups ?? []), ...(user === "root" ? ["root"] : ["users"])];
  if (ssh.allowUsers !== null && !ssh.allowUsers.some((pattern) => mayMatch(pattern, user))) {
    yield error(setting("AllowUsers"), "AllowUsers does not name it", `add "${user}" to AllowUsers`);
  }
  if (
    ssh.allowGroups !== null &&
    !ssh.allowGroups.some((pattern) => groups.some((group) => mayMatch(pattern, group)))
  ) {
    yield error(
      setting("AllowGroups"),
      "AllowGroups names none of its groups",
      `add ${user} to one of ${ssh.allowGroups.join(", ")}`,
    );
  }
  if (ssh.denyUsers.includes(user))
    yield error(setting("DenyUsers"), "DenyUsers names it", `take "${user}" out of DenyUsers`);
  yield* noKey(user, facts);
  if (sudo !== null && user !== "root" && !(sudo.enable && maySudo(user, groups, sudo.rules))) {
    yield error(
      ["users", "users", user],
      "it cannot become root: sudo has no rule for it",
      `add ${user} to the group wheel`,
    );
  }
  return undefined;
}

function* noKey(user: string, { ssh, users }: MachineFacts): Iterable<Reason> {
  const account = users?.[user];
  // Every NixOS has a root: where there is none the accounts are not known whole.
  if (user === "root" && account === undefined) return;
  if (ssh === null || users === null || (account?.keys ?? 0) > 0 || ssh.otherKeys) return;
  const rootByPassword = user !== "root" || ssh.permitRootLogin === "yes";
  if (ssh.passwords && rootByPassword && account !== undefined && account.password !== "none") return;
  const fix = `add a key to users.users.${user}.openssh.authorizedKeys.keys`;
  const option = ["users", "users", user];
  if (ssh.keysInHome)
    yield { severity: "warning", what: "it has no authorized key, unless by hand in its home", fix, option };
  else yield { severity: "error", what: "it has no authorized key and no password that sshd takes", fix, option };
}

/** Patterns with `*`, `?`, `!` or a host are sshd's to judge: they may match. Source: ssh_config(5), PATTERNS. */
function mayMatch(pattern: string, name: string): boolean {
  return pattern === name || /[*?!@]/.test(pattern);
}

/** Without a rule of its own sudo knows wheel. Source: nixpkgs 25.05, nixos/modules/security/sudo.nix. */
function maySudo(user: string, groups: readonly string[], rules: NonNullable<MachineFacts["sudo"]>["rules"]): boolean {
  const named = rules.some((rule) => rule.users.includes(user) || rule.groups.some((group) => groups.includes(group)));
  return named || groups.includes("wheel");
}
