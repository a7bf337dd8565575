import { flakeModule } from "pulumi-clan/author";

/** A spare host, off most of the time. */
export default flakeModule(({ config }) => {
  const { nixos, generic, homeManager } = config.flake.modules;
  return {
    flake: {
      modules: {
        nixos: {
          "machines/nixos/electrum": {
            imports: [nixos.base, nixos["hm-sops-bridge"], generic["ssh-known-hosts"]],
            networking: { hostName: "electrum" },
            system: { stateVersion: "25.05" },
            "home-manager": {
              users: { cameron: { imports: [homeManager["users/cameron"], homeManager.ai, homeManager.development] } },
            },
          },
        },
      },
    },
  };
});
