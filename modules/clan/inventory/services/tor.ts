import { flakeModule } from "pulumi-clan/author";

/** An onion service on every NixOS machine: the slow way in when the mesh is down. */
export default flakeModule({
  clan: {
    inventory: {
      instances: {
        tor: {
          module: { name: "tor", input: "clan-core" },
          roles: { server: { tags: ["nixos"] } },
        },
      },
    },
  },
});
