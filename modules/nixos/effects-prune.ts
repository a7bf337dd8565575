import { flakeModule, nix } from "pulumi-clan/author";

/** Throws away previews of branches that are gone. */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        "effects-prune": () => ({
          systemd: {
            services: {
              "effects-prune": {
                description: "Remove stale previews",
                serviceConfig: { Type: "oneshot", ExecStart: nix`"\${lib.getExe pkgs.lab-effects} prune"` },
              },
            },
            timers: {
              "effects-prune": { wantedBy: ["timers.target"], timerConfig: { OnCalendar: "daily", Persistent: true } },
            },
          },
        }),
      },
    },
  },
});
