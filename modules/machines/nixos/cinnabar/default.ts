import { flakeModule } from "pulumi-clan/author";

/** Controller of the mesh; always on. */
export default flakeModule(({ config }) => {
  const { nixos, generic, homeManager } = config.flake.modules;
  return {
    flake: {
      modules: {
        nixos: {
          "machines/nixos/cinnabar": {
            imports: [nixos.base, nixos["hm-sops-bridge"], generic["ssh-known-hosts"], nixos["dolt-sql-server"]],
            networking: { hostName: "cinnabar" },
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
