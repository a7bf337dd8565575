import { flakeModule } from "pulumi-clan/author";

/** Cleans old generations of homes and systems alike. */
export default flakeModule({
  flake: {
    modules: {
      homeManager: {
        tools: {
          programs: { nh: { enable: true, clean: { enable: true, extraArgs: "--keep 5" } } },
        },
      },
    },
  },
});
