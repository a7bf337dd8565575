import { flakeModule } from "pulumi-clan/author";

/** christophersmith's laptop. */
export default flakeModule(({ config }) => {
  const { darwin, generic, homeManager } = config.flake.modules;
  return {
    flake: {
      modules: {
        darwin: {
          "machines/darwin/argentum": {
            imports: [darwin.base, darwin["ssh-ca-trust"], darwin["zt-dns"], generic["ssh-known-hosts"]],
            networking: { hostName: "argentum" },
            system: { primaryUser: "christophersmith" },
            "home-manager": {
              users: {
                christophersmith: { imports: [homeManager["users/christophersmith"]] },
                cameron: { imports: [homeManager["users/cameron"], homeManager.ai, homeManager.development] },
              },
            },
          },
        },
      },
    },
  };
});
