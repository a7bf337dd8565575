import { flakeModule } from "pulumi-clan/author";

/** SSH on every NixOS machine, with host keys that clan generates and a CA that vouches for them. */
export default flakeModule({
  clan: {
    inventory: {
      instances: {
        sshd: {
          module: { name: "sshd", input: "clan-core" },
          roles: {
            server: { tags: ["nixos"], settings: { certificate: { searchDomains: ["zt"] } } },
            client: { tags: ["nixos"], settings: { certificate: { searchDomains: ["zt"] } } },
          },
        },
      },
    },
  },
});
