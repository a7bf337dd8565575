import { flakeModule } from "pulumi-clan/author";

/** Applications that Nix does not package for macOS. */
export default flakeModule({
  flake: {
    modules: {
      darwin: {
        casks: {
          homebrew: {
            enable: true,
            onActivation: { cleanup: "uninstall" },
            casks: ["ghostty", "zotero", "zerotier-one"],
          },
        },
      },
    },
  },
});
