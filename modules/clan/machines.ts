import { flakeModule } from "pulumi-clan/author";

/** The registry: the one place where machine modules become machines. */
export default flakeModule(({ config }) => {
  const { nixos, darwin } = config.flake.modules;
  const linux = { hostPlatform: "x86_64-linux" };
  const mac = { hostPlatform: "aarch64-darwin" };
  return {
    clan: {
      machines: {
        cinnabar: { nixpkgs: linux, imports: [nixos["machines/nixos/cinnabar"]] },
        electrum: { nixpkgs: linux, imports: [nixos["machines/nixos/electrum"]] },
        magnetite: { nixpkgs: linux, imports: [nixos["machines/nixos/magnetite"]] },
        galena: { nixpkgs: linux, imports: [nixos["machines/nixos/galena"]] },
        scheelite: { nixpkgs: linux, imports: [nixos["machines/nixos/scheelite"]] },
        pyrite: { nixpkgs: linux, imports: [nixos["machines/nixos/pyrite"]] },
        stibnite: { nixpkgs: mac, imports: [darwin["machines/darwin/stibnite"]] },
        blackphos: { nixpkgs: mac, imports: [darwin["machines/darwin/blackphos"]] },
        rosegold: { nixpkgs: mac, imports: [darwin["machines/darwin/rosegold"]] },
        argentum: { nixpkgs: mac, imports: [darwin["machines/darwin/argentum"]] },
      },
    },
  };
});
