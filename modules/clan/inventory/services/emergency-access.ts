import { flakeModule } from "pulumi-clan/author";

/** A console password for every machine, generated and kept by clan, for the day when SSH is gone. */
export default flakeModule({
  clan: {
    inventory: {
      instances: {
        "emergency-access": {
          module: { name: "emergency-access", input: "clan-core" },
          roles: { default: { tags: ["all"] } },
        },
      },
    },
  },
});
