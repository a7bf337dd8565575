/** Items of the catalogue of silent failures for which there is no rule, and why. Number → what, why. */
export const unseen: Readonly<Record<string, { readonly what: string; readonly why: string }>> = {
  FC005: {
    what: "a body one level too deep (`nixos.base.extra = {…}`)",
    why: "Only the machine's own options tell an option from a name: Nix says that the option does not exist when the machine is evaluated, which every preview does before it touches a host.",
  },
  FC008: {
    what: "a typo below `with flakeModules;`",
    why: "Loud: Nix ends with an undefined variable. TypeScript has no `with`; a reference that names nothing is FC007.",
  },
  FC027: {
    what: "a mistyped key of the inventory (`machiness`, `deploy.targethost`)",
    why: "Immediate: the option does not exist, with the name that was meant; in TypeScript at its line.",
  },
  FC029: {
    what: "settings of a role in two files",
    why: "Immediate: in TypeScript an error that names both lines, in Nix one that says that the option is unique.",
  },
  FC036: {
    what: "a machine that the infrastructure has switched off, yet in the inventory with a target host",
    why: "A node's power is the stack's (`pulumi-clan:nodes.<machine>.power`): a machine that is off is skipped and shown so. The infrastructure configuration of other tools is not part of what is evaluated.",
  },
  FC038: {
    what: "documentation that names options of `clan` which do not exist",
    why: "The options of another program are not part of the fleet, and differ between its versions.",
  },
};
