import type { CheckContext } from "../context.ts";
import { placeOf } from "../option-place.ts";
import type { Report, Rule } from "../rule.ts";

/** Every release moves a machine's state formats on, unasked. */
export const stateVersion: Rule = {
  id: "FC045",
  title: "a machine without stateVersion, or with a raised one",
  severities: ["warning"],
  evaluated: true,
  text: {
    finds:
      "A machine whose `system.stateVersion` nobody states. Where hosts are asked: a stateVersion that is newer than a release which the host has run, as far back as its generations go; hosts keep the releases, and not the stateVersion itself, so that one which was lowered is not seen.",
    silent:
      "The default is the release of nixpkgs: the next release changes where services keep their state. Nix warns when it evaluates, above everything else that it says.",
    fix: "State the release with which the machine was installed, and leave it.",
    example: "a machine entry without `system.stateVersion`",
  },
  *check(context) {
    const { model, configurations } = context;
    yield* raised(context);
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

/** No release takes a stateVersion of a later one: the host was installed with an older one than is stated now. */
function* raised(context: CheckContext): Iterable<Report> {
  for (const [name, { releases }] of context.hosts) {
    const stated = context.configurations.get(name)?.stateVersion ?? null;
    const [oldest] = releases;
    // "25.05" and "24.11": text compares as the releases do.
    if (stated === null || oldest === undefined || !/^\d\d\.\d\d$/.test(stated) || stated <= oldest) continue;
    yield {
      severity: "warning",
      subject: { kind: "machine", name },
      message: `${name} states stateVersion ${stated}, but its host has run ${oldest}: it was raised since`,
      at: placeOf(context, name, ["system", "stateVersion"]),
      suggestion: `state the release with which it was installed, ${oldest} or older`,
    };
  }
}
