import { flakeModule } from "pulumi-clan/author";

const janettesmith = {
  fullName: "Janette Smith",
  email: "janettesmith@minerals.example",
  sshKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFoy3pNgYnDqdxpOcLSyDngyc2x3QMDL3ME24uf2BU90"],
};

/** Owner of rosegold. */
export default flakeModule(({ config }) => {
  const { homeManager } = config.flake.modules;
  return {
    flake: {
      users: { janettesmith },
      modules: {
        homeManager: {
          "users/janettesmith": {
            imports: [homeManager.core, homeManager.shell, homeManager.packages],
            programs: {
              git: {
                userName: janettesmith.fullName,
                userEmail: janettesmith.email,
              },
            },
          },
        },
      },
    },
  };
});
