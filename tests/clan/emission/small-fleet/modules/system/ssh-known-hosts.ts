import { flakeModule } from "pulumi-clan/author";

export default flakeModule({
  flake: {
    modules: {
      common: {
        "ssh-known-hosts": {
          programs: { ssh: { knownHosts: { "github.com": { publicKey: "ssh-ed25519 AAAAC3" } } } },
        },
      },
    },
  },
});
