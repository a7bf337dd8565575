import { flakeModule } from "pulumi-clan/author";

/** Which machine this home is on: a home sees its system as `osConfig`. */
export default flakeModule({
  flake: {
    modules: {
      homeManager: {
        core: ({ osConfig }) => ({
          home: { file: { ".config/fleet/machine": { text: osConfig.networking.hostName } } },
        }),
      },
    },
  },
});
