import { flakeModule } from "pulumi-clan/author";

/** Model work on Compute Engine, with a GPU. */
export default flakeModule(({ config }) => {
  const { nixos, generic, homeManager } = config.flake.modules;
  return {
    flake: {
      modules: {
        nixos: {
          "machines/nixos/scheelite": {
            imports: [nixos.base, nixos["hm-sops-bridge"], generic["ssh-known-hosts"], nixos.nvidia],
            networking: { hostName: "scheelite" },
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
