import { flakeModule } from "pulumi-clan/author";

const cameron = {
  fullName: "Cameron Ray",
  email: "cameron@minerals.example",
  sshKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB/6tDRwdZyxUrw+yLeIvvt914aOPhE2bv2+loe2cy+t"],
};

/** The administrator, on every machine but two. */
export default flakeModule(({ config }) => {
  const { homeManager } = config.flake.modules;
  return {
    flake: {
      users: { cameron },
      modules: {
        homeManager: {
          "users/cameron": {
            imports: [
              homeManager.core,
              homeManager.shell,
              homeManager.packages,
              homeManager.terminal,
              homeManager.tools,
              homeManager["base-sops"],
            ],
            programs: {
              git: { userName: cameron.fullName, userEmail: cameron.email },
            },
          },
        },
      },
    },
  };
});
