import type { Rule } from "../rule.ts";

/** A homeManager module imported by a system, or the other way round. Seen while reading; there is no model then. */
export const classMismatch: Rule = {
  id: "FC014",
  title: "an import of the wrong class",
  severities: ["error"],
  text: {
    finds: "An import of an entry whose class does not fit where it is imported.",
    silent:
      "Nix says so only when that machine's imports are forced, and without the second file. In an adopted fleet it is an evaluation error of the machine.",
    fix: "Import homes below `home-manager.users.<user>`; what both systems share belongs into class generic.",
    example: "`imports = [ config.flake.modules.homeManager.ai ]` in a nixos entry",
  },
  errors: ["FLEET_CLASS_MISMATCH"],
  *check() {
    // Everything that this rule can see stops the reading of the fleet: see `errors`.
  },
};
