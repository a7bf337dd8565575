import { flakeModule, nix } from "pulumi-clan/author";

/** Names under `zt` are answered by the mesh's own resolver. */
export default flakeModule({
  flake: {
    modules: {
      darwin: {
        "zt-dns": nix`
          { lib, ... }:
          let
            domain = "zt";
          in
          {
            environment.etc."resolver/\${domain}".text = lib.concatStringsSep "\n" [
              "nameserver 127.0.0.1"
              "port 5353"
              ""
            ];
          }
        `,
      },
    },
  },
});
