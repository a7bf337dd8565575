import { flakeModule } from "pulumi-clan/author";

/** One way to every machine of the mesh. */
export default flakeModule({
  flake: {
    modules: {
      homeManager: {
        core: {
          programs: {
            ssh: {
              enable: true,
              matchBlocks: {
                "*.zt": { user: "root", identitiesOnly: true, identityFile: "~/.ssh/id_ed25519" },
              },
            },
          },
        },
      },
    },
  },
});
