import { flakeModule } from "pulumi-clan/author";

/** Homes decrypt with the machine's own age key where their user has none. */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        "hm-sops-bridge": {
          sops: { age: { keyFile: "/var/lib/sops-nix/key.txt" } },
          systemd: { tmpfiles: { rules: ["d /run/user-secrets 0711 root root -"] } },
        },
      },
    },
  },
});
