import { flakeModule } from "pulumi-clan/author";

/** Git with readable diffs. */
export default flakeModule({
  flake: {
    modules: {
      homeManager: {
        development: ({ pkgs }) => ({
          programs: {
            git: { enable: true, extraConfig: { init: { defaultBranch: "main" }, merge: { conflictStyle: "zdiff3" } } },
          },
          home: { packages: [pkgs.delta, pkgs.gh] },
        }),
      },
    },
  },
});
