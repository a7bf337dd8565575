import { flakeModule } from "pulumi-clan/author";

/** raquel's laptop. */
export default flakeModule(({ config }) => {
  const { darwin, generic, homeManager } = config.flake.modules;
  return {
    flake: {
      modules: {
        darwin: {
          "machines/darwin/blackphos": {
            imports: [
              darwin.base,
              darwin["ssh-ca-trust"],
              darwin["zt-dns"],
              generic["ssh-known-hosts"],
              darwin["dnscrypt-proxy"],
              darwin["zt-services-trust"],
            ],
            networking: { hostName: "blackphos" },
            system: { primaryUser: "raquel" },
            "home-manager": {
              users: {
                raquel: { imports: [homeManager["users/raquel"], homeManager.development] },
                crs58: {
                  imports: [
                    homeManager["users/crs58"],
                    homeManager.ai,
                    homeManager.development,
                    homeManager["agents-md"],
                  ],
                },
              },
            },
          },
        },
      },
    },
  };
});
