import { flakeModule } from "pulumi-clan/author";

/** Closed but for SSH and the mesh. */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        base: {
          networking: {
            firewall: { enable: true, allowedTCPPorts: [22], allowedUDPPorts: [9993] },
          },
        },
      },
    },
  },
});
