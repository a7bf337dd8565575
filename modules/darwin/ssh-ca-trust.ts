import { flakeModule } from "pulumi-clan/author";

/** Macs trust the CA that signs the host keys of NixOS machines; clan writes it there itself. */
export default flakeModule({
  flake: {
    modules: {
      darwin: {
        "ssh-ca-trust": {
          environment: {
            etc: {
              "ssh/ssh_known_hosts.d/fleet-ca": {
                text: "@cert-authority *.zt ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIADt9NgU52U5azz3LD3YfK4CDHLC1MYKq5OC8xFXL7Eh\n",
              },
            },
          },
        },
      },
    },
  },
});
