import { flakeModule, nixFile } from "pulumi-clan/author";

export default flakeModule({ flake: { modules: { nixos: { "machines/nixos/galena": nixFile("./_hardware.nix") } } } });
