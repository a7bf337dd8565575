import { flakeModule } from "pulumi-clan/author";

/** The lab's wireless network for the one laptop that NixOS runs on. */
export default flakeModule({
  clan: {
    inventory: {
      instances: {
        wifi: {
          module: { name: "wifi", input: "clan-core" },
          roles: { default: { machines: { pyrite: {} }, settings: { networks: { fleet: {} } } } },
        },
      },
    },
  },
});
