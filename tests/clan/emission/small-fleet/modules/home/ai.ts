import { flakeModule } from "pulumi-clan/author";

export default flakeModule({
  flake: {
    modules: {
      homeManager: {
        ai: ({ lib, osConfig }) => ({
          home: {
            stateVersion: "25.05",
            file: { ".host": lib.mkIf(true, { text: osConfig.networking.hostName }) },
          },
        }),
      },
    },
  },
});
