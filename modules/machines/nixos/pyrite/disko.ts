import { flakeModule, nixFile } from "pulumi-clan/author";

/** An encrypted ZFS pool, opened with a FIDO2 token. */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        "machines/nixos/pyrite": nixFile("./_disko.nix"),
      },
    },
  },
});
