import { flakeModule } from "pulumi-clan/author";

/** A MacBook Pro 14,1: what nixos-hardware knows of it, and a lid. */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        "machines/nixos/pyrite": ({ inputs }) => ({
          imports: [inputs["nixos-hardware"].nixosModules["apple-macbook-pro-14-1"]],
          services: { logind: { settings: { Login: { HandleLidSwitch: "suspend" } } } },
          networking: { networkmanager: { enable: true } },
        }),
      },
    },
  },
});
