import { flakeModule } from "pulumi-clan/author";

export default flakeModule(({ config }) => {
  const { generic } = config.flake.modules;
  return {
    flake: {
      modules: {
        nixos: {
          base: {
            imports: [generic["nix-settings"], generic.overlay],
            nix: { gc: { dates: "weekly" } },
            documentation: { nixos: { enable: false } },
          },
        },
      },
    },
  };
});
