import { flakeModule } from "pulumi-clan/author";

/** cameron's account, with one password for all machines. */
export default flakeModule({
  clan: {
    inventory: {
      instances: {
        "user-cameron": {
          module: { name: "users", input: "clan-core" },
          roles: {
            default: {
              machines: {
                cinnabar: {},
                electrum: {},
                magnetite: {},
                galena: {},
                scheelite: {},
                pyrite: {},
                rosegold: {},
                argentum: {},
              },
              settings: { user: "cameron", share: true, groups: ["wheel"] },
            },
          },
        },
      },
    },
  },
});
