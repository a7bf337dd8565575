import { flakeModule } from "pulumi-clan/author";

/** A binary cache in front of object storage. */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        niks3: ({ lib, pkgs }) => ({
          systemd: {
            services: {
              niks3: {
                description: "Nix binary cache",
                wantedBy: ["multi-user.target"],
                serviceConfig: { ExecStart: lib.getExe(pkgs.niks3), Restart: "always" },
              },
            },
          },
        }),
      },
    },
  },
});
