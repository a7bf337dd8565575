import { flakeModule } from "pulumi-clan/author";

/** The workstation from which the fleet is deployed. */
export default flakeModule(({ config }) => {
  const { darwin, generic, homeManager } = config.flake.modules;
  return {
    flake: {
      modules: {
        darwin: {
          "machines/darwin/stibnite": {
            imports: [
              darwin.base,
              darwin["ssh-ca-trust"],
              darwin["zt-dns"],
              generic["ssh-known-hosts"],
              darwin.casks,
              darwin["sshd-server"],
              darwin["beads-ui"],
              darwin.colima,
              darwin["dnscrypt-proxy"],
              darwin["zt-services-trust"],
              darwin["dolt-sql-server"],
              darwin["magnetite-builder"],
            ],
            networking: { hostName: "stibnite" },
            system: { primaryUser: "crs58" },
            "home-manager": {
              users: {
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
