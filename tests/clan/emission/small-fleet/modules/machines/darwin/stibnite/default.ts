import { flakeModule, mkIf } from "pulumi-clan/author";

const withSecondScreen = true;

export default flakeModule(({ config }) => ({
  flake: {
    modules: {
      darwin: {
        "machines/darwin/stibnite": {
          imports: [config.flake.modules.generic["ssh-known-hosts"]],
          networking: { hostName: "stibnite" },
          environment: mkIf(withSecondScreen, { etc: { screens: { text: "2\n" } } }),
        },
      },
    },
  },
}));
