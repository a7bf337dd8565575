import { flakeModule } from "pulumi-clan/author";

/** Keys only. Root's own authorized_keys stays as it is: the operator's key is in it. */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        base: {
          services: {
            openssh: {
              enable: true,
              settings: {
                PasswordAuthentication: false,
                KbdInteractiveAuthentication: false,
                PermitRootLogin: "prohibit-password",
              },
            },
          },
        },
      },
    },
  },
});
