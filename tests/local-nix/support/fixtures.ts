import { randomBytes } from "node:crypto";
import type { FleetEvent } from "../../../report.ts";

export const machines = [
  { machine: "galena", class: "nixos" },
  { machine: "pyrite", class: "nixos" },
  { machine: "stibnite", class: "darwin" },
] as const;

/** A builder of systems in a few lines: a toplevel is a file that holds the text of the machine's file. */
const builder = `{ tree, machine, class, system }:
let
  entry = tree + "/nix/entries/\${class}/\${machine}.nix";
  value = import entry;
in
derivation {
  name = "\${class}-system-\${machine}";
  inherit system;
  builder = "/bin/sh";
  args = [ "-c" (value.script or "echo \${value.text} > $out") ];
}
`;

/**
 * A fleet of three machines without inputs, evaluated by `builder/default.nix` or as a flake. Each call makes another
 * fleet, so that nothing is in the store yet.
 */
export function fleetFiles(changes: Readonly<Record<string, string>> = {}): Record<string, string> {
  const salt = randomBytes(8).toString("hex");
  const entry = (machine: string): string => `{
  _file = "modules/machines/${machine}.ts";
  text = "${machine} ${salt}";
}
`;
  const configurations = (ofClass: string): string =>
    machines
      .filter((each) => each.class === ofClass)
      .map((each) => `    ${each.machine} = of "${ofClass}" "${each.machine}";\n`)
      .join("");
  return {
    "flake.nix": `{
  outputs = { self }: let
    of = class: machine: {
      config.system.build.toplevel = import ./builder { tree = ./.; inherit class machine; system = "x86_64-linux"; };
    };
  in {
    nixosConfigurations = {
${configurations("nixos")}    };
    darwinConfigurations = {
${configurations("darwin")}    };
  };
}
`,
    "builder/default.nix": builder,
    "nix/entries/nixos/galena.nix": entry("galena"),
    "nix/entries/nixos/pyrite.nix": entry("pyrite"),
    "nix/entries/darwin/stibnite.nix": entry("stibnite"),
    ...changes,
  };
}

/** Collects events. */
export function recorder(): { readonly events: FleetEvent[]; readonly report: (event: FleetEvent) => void } {
  const events: FleetEvent[] = [];
  return { events, report: (event) => void events.push(event) };
}

export const silent = (): void => undefined;

export function soon(): AbortSignal {
  return AbortSignal.timeout(60_000);
}
