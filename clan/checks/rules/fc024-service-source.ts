import type { Rule } from "../rule.ts";

/** An instance takes its service from nowhere. Seen while reading; there is no model then. */
export const serviceSource: Rule = {
  id: "FC024",
  title: "a service from an input that does not exist",
  severities: ["error"],
  text: {
    finds:
      "An instance whose `module.input` is no input of the flake, or whose module is a service by name and inline at once.",
    silent:
      "Evaluating names passes; Nix objects when the service is forced. Unknown services and roles of an input that exists stay with Nix, which names them well.",
    fix: "Correct the input, or add it to the flake.",
    example: '`module = { name = "sshd"; input = "clan-cor"; }`',
  },
  errors: ["FLEET_SERVICE_MODULE"],
  *check() {
    // Everything that this rule can see stops the reading of the fleet: see `errors`.
  },
};
