import type { CheckContext } from "../context.ts";
import { placeOf } from "../option-place.ts";
import type { Report, Rule } from "../rule.ts";

/** The fleet's overlay does not reach a machine's packages, or a home's. */
export const overlayNotInEffect: Rule = {
  id: "FC052",
  title: "an overlay that is not in effect",
  severities: ["warning", "info"],
  evaluated: true,
  text: {
    finds:
      "A machine whose package set lacks own packages of the fleet (`pkgs/by-name`, and what `flake.nixpkgsOverlays` set), where another machine has them (warning); one line where no machine has them, and homes with a package set of their own in a fleet with overlays (info).",
    silent:
      "`nixpkgs.overlays` is ignored where the package set is given from outside (`clan.pkgsForSystem`), and homes without `useGlobalPkgs` make their own.",
    fix: "Import the entry that sets the overlay; set `home-manager.useGlobalPkgs = true`.",
    example: "a machine entry that does not import `generic.overlay`",
  },
  *check(context) {
    const { configurations } = context;
    const lacking = [...configurations].filter(([, { missingPackages }]) => (missingPackages?.length ?? 0) > 0);
    const complete = [...configurations.values()].some(({ missingPackages }) => missingPackages?.length === 0);
    if (lacking.length > 0 && !complete) yield nobodys(context, lacking[0]?.[1].missingPackages ?? []);
    for (const [name, { missingPackages }] of complete ? lacking : []) {
      yield {
        severity: "warning",
        subject: { kind: "machine", name },
        message: `the packages of ${name} lack ${missingPackages?.join(", ")}: the fleet's overlay is not in effect`,
        at: placeOf(context, name, ["nixpkgs", "overlays"]),
        suggestion: "import what sets nixpkgs.overlays, as the other machines do",
      };
    }
    if (context.overlays.length === 0 && (context.tree?.packages.length ?? 0) === 0) return;
    for (const [name, { homesApart }] of configurations) {
      if (homesApart.length === 0) continue;
      yield {
        severity: "info",
        subject: { kind: "machine", name },
        message: `homes of ${homesApart.join(", ")} on ${name} have packages of their own, without the fleet's overlay`,
        at: placeOf(context, name, ["home-manager", "useGlobalPkgs"]),
        suggestion: "set home-manager.useGlobalPkgs = true",
      };
    }
  },
};

function nobodys({ model, overlays, tree }: CheckContext, packages: readonly string[]): Report {
  const isWritten = packages.some((name) => tree?.packages.includes(name));
  return {
    severity: "info",
    subject: { kind: "fleet", name: model.name },
    message: `no machine's packages have ${packages.join(", ")}, which the fleet makes itself`,
    at: isWritten ? { file: "pkgs/by-name" } : (overlays[0] ?? null),
    suggestion: "add them to nixpkgs.overlays, if machines are to have them",
  };
}
