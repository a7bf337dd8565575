import { flakeModule } from "pulumi-clan/author";

/** Every machine takes its packages through the fleet's one overlay: nixpkgs/ and pkgs/by-name/. */
export default flakeModule({
  flake: {
    modules: {
      generic: {
        overlay: ({ inputs }) => ({
          nixpkgs: { overlays: [inputs.self.overlays.default], config: { allowUnfree: true } },
        }),
      },
    },
  },
});
