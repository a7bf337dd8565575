import { flakeModule } from "pulumi-clan/author";

/** The address that the provider routes to it. */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        "machines/nixos/cinnabar": {
          networking: { useDHCP: true },
          systemd: {
            network: { enable: true, networks: { "10-uplink": { matchConfig: { Type: "ether" }, DHCP: "yes" } } },
          },
        },
      },
    },
  },
});
