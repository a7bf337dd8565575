import { flakeModule } from "pulumi-clan/author";

export default flakeModule(({ config }) => {
  const { generic } = config.flake.modules;
  return {
    flake: {
      modules: {
        darwin: {
          base: {
            imports: [generic["nix-settings"], generic.overlay],
            nix: { gc: { interval: { Weekday: 0, Hour: 4, Minute: 0 } } },
          },
        },
      },
    },
  };
});
