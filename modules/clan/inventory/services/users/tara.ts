import { flakeModule } from "pulumi-clan/author";

/** tara works on the cloud nodes that are switched on for her: whatever carries `gcp`. */
export default flakeModule({
  clan: {
    inventory: {
      instances: {
        "user-tara": {
          module: { name: "users", input: "clan-core" },
          roles: { default: { tags: ["gcp"], settings: { user: "tara", share: true } } },
        },
      },
    },
  },
});
