import { flakeModule } from "pulumi-clan/author";

/** The terminal's looks; on Macs the application itself is a cask. */
export default flakeModule({
  flake: {
    modules: {
      homeManager: {
        terminal: {
          home: {
            file: {
              ".config/ghostty/config": { text: "theme = light:rose-pine-dawn,dark:rose-pine\nfont-size = 14\n" },
            },
          },
        },
      },
    },
  },
});
