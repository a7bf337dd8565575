import { flakeModule } from "pulumi-clan/author";

export default flakeModule({
  flake: {
    modules: {
      nixos: {
        base: ({ lib }) => ({
          time: { timeZone: lib.mkDefault("UTC") },
          i18n: { defaultLocale: "en_US.UTF-8" },
          services: { timesyncd: { enable: true } },
        }),
      },
    },
  },
});
