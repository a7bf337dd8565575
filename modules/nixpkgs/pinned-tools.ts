import { flakeModule, nix } from "pulumi-clan/author";

/** Versions that the lab agreed on: whoever asks for `postgresql` or `nodejs` gets the same one everywhere. */
export default flakeModule({
  flake: {
    nixpkgsOverlays: [
      nix`
        final: prev: {
          postgresql = prev.postgresql_17;
          nodejs = prev.nodejs_24;
        }
      `,
    ],
  },
});
