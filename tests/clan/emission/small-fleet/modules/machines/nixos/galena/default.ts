import { file, flakeModule } from "pulumi-clan/author";

export default flakeModule(({ config }) => {
  const { nixos, generic, homeManager } = config.flake.modules;
  return {
    flake: {
      modules: {
        nixos: {
          "machines/nixos/galena": {
            imports: [nixos.base, generic["ssh-known-hosts"]],
            networking: { hostName: "galena" },
            environment: { etc: { "motd.d/50-fleet": { source: file("./motd.txt") } } },
            "home-manager": { users: { cameron: { imports: [homeManager.ai] } } },
          },
        },
      },
    },
  };
});
