import { flakeModule } from "pulumi-clan/author";

const crs58 = {
  fullName: "Cameron Ray",
  email: "crs58@minerals.example",
  sshKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILMl8bLFuP3D1AyJ8ejBqiwWvvKhqQm2uHPuj/8U+XMA"],
};

/** The administrator under an older name, on two Macs. */
export default flakeModule(({ config }) => {
  const { homeManager } = config.flake.modules;
  return {
    flake: {
      users: { crs58 },
      modules: {
        homeManager: {
          "users/crs58": {
            imports: [
              homeManager.core,
              homeManager.shell,
              homeManager.packages,
              homeManager.terminal,
              homeManager.tools,
              homeManager["base-sops"],
            ],
            programs: {
              git: { userName: crs58.fullName, userEmail: crs58.email },
            },
          },
        },
      },
    },
  };
});
