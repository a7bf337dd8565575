import { flakeModule } from "pulumi-clan/author";

/** Remote login with keys only. */
export default flakeModule({
  flake: {
    modules: {
      darwin: {
        "sshd-server": {
          services: { openssh: { enable: true } },
          environment: {
            etc: {
              "ssh/sshd_config.d/200-keys-only.conf": {
                text: "PasswordAuthentication no\nKbdInteractiveAuthentication no\n",
              },
            },
          },
        },
      },
    },
  },
});
