import { flakeModule } from "pulumi-clan/author";

/** Configuration where it belongs. */
export default flakeModule({
  flake: {
    modules: {
      homeManager: {
        core: {
          xdg: { enable: true },
          home: { stateVersion: "25.05", sessionVariables: { EDITOR: "hx", PAGER: "less -R" } },
        },
      },
    },
  },
});
