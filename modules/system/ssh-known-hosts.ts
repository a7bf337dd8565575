import { flakeModule } from "pulumi-clan/author";

/** Host keys that no CA vouches for. The fleet's own machines are vouched for by theirs (darwin/ssh-ca-trust.ts). */
export default flakeModule({
  flake: {
    modules: {
      generic: {
        "ssh-known-hosts": {
          programs: {
            ssh: {
              knownHosts: {
                "github.com": {
                  publicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
                },
                "gitlab.com": {
                  publicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf",
                },
              },
            },
          },
        },
      },
    },
  },
});
