import { flakeModule } from "pulumi-clan/author";

const christophersmith = {
  fullName: "Christopher Smith",
  email: "christophersmith@minerals.example",
  sshKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMeDjL5cc89h4Tdi/vnKip1ta/PWJ/VlEkvPmXQzslry"],
};

/** Owner of argentum. */
export default flakeModule(({ config }) => {
  const { homeManager } = config.flake.modules;
  return {
    flake: {
      users: { christophersmith },
      modules: {
        homeManager: {
          "users/christophersmith": {
            imports: [homeManager.core, homeManager.shell, homeManager.packages],
            programs: {
              git: {
                userName: christophersmith.fullName,
                userEmail: christophersmith.email,
              },
            },
          },
        },
      },
    },
  };
});
