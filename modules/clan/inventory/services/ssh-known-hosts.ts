import { flakeModule } from "pulumi-clan/author";

/** Pattern 3: a service of our own whose role is an entry that both classes share. */
export default flakeModule(({ config }) => ({
  clan: {
    inventory: {
      instances: {
        "ssh-known-hosts": {
          module: {
            description: "the fleet's host keys in /etc/ssh/ssh_known_hosts",
            imports: [config.flake.modules.generic["ssh-known-hosts"]],
          },
          roles: { default: { tags: ["all"] } },
        },
      },
    },
  },
}));
