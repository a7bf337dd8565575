import { flakeModule } from "pulumi-clan/author";

/** crs58, the same person as cameron, on two of the Macs. */
export default flakeModule({
  clan: {
    inventory: {
      instances: {
        "user-crs58": {
          module: { name: "users", input: "clan-core" },
          roles: {
            default: {
              machines: { stibnite: {}, blackphos: {} },
              settings: { user: "crs58", share: true },
            },
          },
        },
      },
    },
  },
});
