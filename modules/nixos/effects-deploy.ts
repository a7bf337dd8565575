import { flakeModule, nix } from "pulumi-clan/author";

/** Brings a green main branch to the hosts that follow it. */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        "effects-deploy": () => ({
          systemd: {
            services: {
              "effects-deploy": {
                description: "Deploy the main branch",
                serviceConfig: { Type: "oneshot", ExecStart: nix`"\${lib.getExe pkgs.lab-effects} deploy"` },
              },
            },
            timers: {
              "effects-deploy": {
                wantedBy: ["timers.target"],
                timerConfig: { OnCalendar: "hourly", Persistent: true },
              },
            },
          },
        }),
      },
    },
  },
});
