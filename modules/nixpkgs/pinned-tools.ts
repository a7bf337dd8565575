import { flakeModule, nix } from "pulumi-clan/author";

/** Versions that the lab agreed on: whoever asks for `nodejs` or `python3` gets the same one everywhere. */
export default flakeModule({
  flake: {
    nixpkgsOverlays: [
      nix`
        final: prev: {
          nodejs = prev.nodejs_24;
          python3 = prev.python312;
        }
      `,
    ],
  },
});
