import { flakeModule } from "pulumi-clan/author";

/** Containers, for the runners. */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        docker: {
          virtualisation: { docker: { enable: true, autoPrune: { enable: true, dates: "weekly" } } },
        },
      },
    },
  },
});
