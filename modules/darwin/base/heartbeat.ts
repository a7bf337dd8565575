import { flakeModule, nix } from "pulumi-clan/author";

/** The line every minute that NixOS machines write as well. */
export default flakeModule({
  flake: {
    modules: {
      darwin: {
        base: () => ({
          launchd: {
            daemons: {
              heartbeat: {
                command: nix`"\${lib.getExe pkgs.heartbeat} \${config.networking.hostName} 60"`,
                serviceConfig: { KeepAlive: true, RunAtLoad: true, StandardOutPath: "/var/log/heartbeat.log" },
              },
            },
          },
        }),
      },
    },
  },
});
