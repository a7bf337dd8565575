import { flakeModule } from "pulumi-clan/author";

const raquel = {
  fullName: "Raquel Ortiz",
  email: "raquel@minerals.example",
  sshKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKGC81RwufCQg/4vKWiGmbKTjBoXagiH+YnH910dQaR1"],
};

/** Owner of blackphos. */
export default flakeModule(({ config }) => {
  const { homeManager } = config.flake.modules;
  return {
    flake: {
      users: { raquel },
      modules: {
        homeManager: {
          "users/raquel": {
            imports: [homeManager.core, homeManager.shell, homeManager.packages],
            programs: {
              git: { userName: raquel.fullName, userEmail: raquel.email },
            },
          },
        },
      },
    },
  };
});
