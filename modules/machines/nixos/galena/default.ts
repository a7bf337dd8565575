import { flakeModule } from "pulumi-clan/author";

/** Batch work on Compute Engine. */
export default flakeModule(({ config }) => {
  const { nixos, generic, homeManager } = config.flake.modules;
  return {
    flake: {
      modules: {
        nixos: {
          "machines/nixos/galena": {
            imports: [nixos.base, nixos["hm-sops-bridge"], generic["ssh-known-hosts"]],
            networking: { hostName: "galena" },
            system: { stateVersion: "25.05" },
            "home-manager": {
              users: {
                cameron: { imports: [homeManager["users/cameron"], homeManager.ai, homeManager.development] },
                tara: { imports: [homeManager["users/tara"], homeManager.development] },
              },
            },
          },
        },
      },
    },
  };
});
