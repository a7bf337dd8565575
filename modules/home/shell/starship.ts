import { flakeModule } from "pulumi-clan/author";

/** A prompt that names the machine. */
export default flakeModule({
  flake: {
    modules: {
      homeManager: {
        shell: {
          programs: {
            starship: { enable: true, settings: { hostname: { ssh_only: false, format: "[$hostname]($style) " } } },
          },
        },
      },
    },
  },
});
