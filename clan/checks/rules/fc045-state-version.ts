import type { Rule } from "../rule.ts";

/** Every release moves a machine's state formats on, unasked. */
export const stateVersion: Rule = {
  id: "FC045",
  title: "a machine without stateVersion",
  severities: ["warning"],
  evaluated: true,
  text: {
    finds:
      "A machine whose `system.stateVersion` nobody states. Whether it changed against the running system is not known before the deployment: hosts do not keep it.",
    silent:
      "The default is the release of nixpkgs: the next release changes where services keep their state. Nix warns when it evaluates, above everything else that it says.",
    fix: "State the release with which the machine was installed, and leave it.",
    example: "a machine entry without `system.stateVersion`",
  },
  *check({ model, configurations }) {
    const others = [...configurations.values()].some(({ stateVersionStated }) => stateVersionStated === true);
    for (const [name, { definedAt }] of Object.entries(model.machines)) {
      const stated = configurations.get(name)?.stateVersionStated;
      // Where the option itself is missing, only the other machines show that it should be there.
      if (stated === undefined || stated === true || (stated === null && !others)) continue;
      yield {
        severity: "warning",
        subject: { kind: "machine", name },
        message: `${name} states no system.stateVersion, so the next release changes it`,
        at: definedAt,
        suggestion: "state the release with which it was installed",
      };
    }
  },
};
