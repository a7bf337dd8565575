import { flakeModule } from "pulumi-clan/author";

/** One account per person for everything that has a web page. */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        kanidm: ({ pkgs }) => ({
          services: {
            kanidm: {
              enableServer: true,
              package: pkgs.kanidm,
              serverSettings: { domain: "id.zt", origin: "https://id.zt", bindaddress: "127.0.0.1:8443" },
            },
          },
        }),
      },
    },
  },
});
