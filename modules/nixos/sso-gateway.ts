import { flakeModule } from "pulumi-clan/author";

/** Lets nobody to the web pages whom Kanidm does not know. */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        "sso-gateway": {
          services: {
            nginx: {
              enable: true,
              recommendedProxySettings: true,
              recommendedTlsSettings: true,
              virtualHosts: {
                "git.zt": { locations: { "/": { proxyPass: "http://127.0.0.1:3000" } } },
                "ci.zt": { locations: { "/": { proxyPass: "http://127.0.0.1:8010" } } },
                "id.zt": { locations: { "/": { proxyPass: "https://127.0.0.1:8443" } } },
              },
            },
            "oauth2-proxy": { enable: true, provider: "oidc", oidcIssuerUrl: "https://id.zt/oauth2/openid/gateway" },
          },
          networking: { firewall: { allowedTCPPorts: [443] } },
        },
      },
    },
  },
});
