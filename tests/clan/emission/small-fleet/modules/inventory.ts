import { flakeModule } from "pulumi-clan/author";

export default flakeModule(({ config }) => {
  const { nixos, darwin, common } = config.flake.modules;
  return {
    clan: {
      machines: {
        galena: { nixpkgs: { hostPlatform: "x86_64-linux" }, imports: [nixos["machines/nixos/galena"]] },
        stibnite: { nixpkgs: { hostPlatform: "aarch64-darwin" }, imports: [darwin["machines/darwin/stibnite"]] },
      },
      inventory: {
        machines: {
          galena: { tags: ["cloud", "peer"], deploy: { targetHost: "root@galena.zt" } },
          stibnite: { machineClass: "darwin", description: 'the "deployer"', tags: ["workstation"] },
        },
        tags: { lab: ["galena", "stibnite"] },
        instances: {
          sshd: {
            module: { name: "sshd", input: "clan-core" },
            roles: {
              server: { tags: ["nixos"], settings: { certificate: { searchDomains: ["zt"] } } },
              client: { machines: { galena: { settings: { hops: 2 } } } },
            },
          },
          "ssh-known-hosts": {
            module: () => ({ imports: [common["ssh-known-hosts"]] }),
            roles: { default: { tags: ["all"] } },
          },
        },
      },
    },
  };
});
