import { flakeModule } from "pulumi-clan/author";

/** The mesh: cinnabar admits, whoever carries `peer` joins. The Macs join by hand. */
export default flakeModule({
  clan: {
    inventory: {
      instances: {
        zerotier: {
          module: { name: "zerotier", input: "clan-core" },
          roles: {
            controller: { machines: { cinnabar: {} } },
            peer: { tags: ["peer"] },
          },
        },
      },
    },
  },
});
