import { flakeModule } from "pulumi-clan/author";

/** janettesmith's laptop. */
export default flakeModule(({ config }) => {
  const { darwin, generic, homeManager } = config.flake.modules;
  return {
    flake: {
      modules: {
        darwin: {
          "machines/darwin/rosegold": {
            imports: [darwin.base, darwin["ssh-ca-trust"], darwin["zt-dns"], generic["ssh-known-hosts"]],
            networking: { hostName: "rosegold" },
            system: { primaryUser: "janettesmith" },
            "home-manager": {
              users: {
                janettesmith: { imports: [homeManager["users/janettesmith"]] },
                cameron: { imports: [homeManager["users/cameron"], homeManager.ai, homeManager.development] },
              },
            },
          },
        },
      },
    },
  };
});
