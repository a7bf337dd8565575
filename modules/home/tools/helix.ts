import { flakeModule } from "pulumi-clan/author";

/** The editor. */
export default flakeModule({
  flake: {
    modules: {
      homeManager: {
        tools: ({ pkgs }) => ({
          programs: {
            helix: {
              enable: true,
              defaultEditor: true,
              extraPackages: [pkgs.nil],
              settings: { theme: "rose_pine", editor: { "line-number": "relative" } },
            },
          },
        }),
      },
    },
  },
});
