import { flakeModule } from "pulumi-clan/author";

const tara = {
  fullName: "Tara Lind",
  email: "tara@minerals.example",
  sshKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBmit5gx2A38RwUccFxy6YKpZO6Lz7Wxy2p4eJbo+IHI"],
};

/** Works on the cloud nodes. */
export default flakeModule(({ config }) => {
  const { homeManager } = config.flake.modules;
  return {
    flake: {
      users: { tara },
      modules: {
        homeManager: {
          "users/tara": {
            imports: [homeManager.core, homeManager.shell, homeManager.packages, homeManager.terminal],
            programs: {
              git: { userName: tara.fullName, userEmail: tara.email },
            },
          },
        },
      },
    },
  };
});
