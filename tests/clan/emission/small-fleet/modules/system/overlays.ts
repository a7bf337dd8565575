import { flakeModule, nix, nixFile } from "pulumi-clan/author";

export default flakeModule({
  flake: { nixpkgsOverlays: [nixFile("./_versions.nix"), nix`_final: prev: { nodejs = prev.nodejs_24; }`] },
});
