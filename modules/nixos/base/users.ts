import { flakeModule } from "pulumi-clan/author";

/** crs58 can enter every NixOS machine; everybody else comes by a `users` instance. */
export default flakeModule(({ config }) => ({
  flake: {
    modules: {
      nixos: {
        base: () => ({
          users: {
            users: {
              crs58: {
                isNormalUser: true,
                description: config.flake.users.crs58.fullName,
                extraGroups: ["wheel"],
                openssh: { authorizedKeys: { keys: config.flake.users.crs58.sshKeys } },
              },
            },
          },
          security: { sudo: { wheelNeedsPassword: false } },
        }),
      },
    },
  },
}));
