import { type HostSpec, hostSpec } from "../sim/hosts/host-spec.ts";

/** The machines under test: one of each batch's runs is on each. */
export const hostSpecs: readonly HostSpec[] = [
  hostSpec("agate", "nixos", "198.51.100.41"),
  hostSpec("garnet", "nixos", "198.51.100.42", { loader: "grub" }),
  hostSpec("topaz", "darwin", "198.51.100.43"),
  hostSpec("beryl", "nixos", "198.51.100.44"),
  hostSpec("halite", "nixos", "198.51.100.45", { loader: "grub" }),
  hostSpec("cuprite", "nixos", "198.51.100.46"),
  hostSpec("jasper", "nixos", "198.51.100.47", { loader: "grub" }),
  hostSpec("flint", "nixos", "198.51.100.48"),
];
