import { flakeModule } from "pulumi-clan/author";

/** Forge, cache, sign-on and chat. */
export default flakeModule(({ config }) => {
  const { nixos, generic, homeManager } = config.flake.modules;
  return {
    flake: {
      modules: {
        nixos: {
          "machines/nixos/magnetite": {
            imports: [
              nixos.base,
              nixos["hm-sops-bridge"],
              generic["ssh-known-hosts"],
              nixos.niks3,
              nixos.buildbot,
              nixos.gitea,
              nixos["sso-gateway"],
              nixos["gitea-actions-runner"],
              nixos.docker,
              nixos.kanidm,
              nixos.matrix,
              nixos.omnigraph,
              nixos["effects-deploy"],
              nixos["effects-prune"],
            ],
            networking: { hostName: "magnetite" },
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
