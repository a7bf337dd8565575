import { flakeModule, nix } from "pulumi-clan/author";

/** Tells that an answer is there, in each system's own way. */
export default flakeModule({
  flake: {
    modules: {
      homeManager: {
        ai: nix`
          { pkgs, ... }:
          {
            home.file.".local/bin/notify-done" = {
              executable = true;
              text =
                if pkgs.stdenv.hostPlatform.isDarwin then
                  ''
                    #!/bin/sh
                    exec osascript -e 'display notification "done" with title "assistant"'
                  ''
                else
                  ''
                    #!/bin/sh
                    exec notify-send assistant done
                  '';
            };
          }
        `,
      },
    },
  },
});
