import { flakeModule } from "pulumi-clan/author";

/** Encrypted DNS for everything but the mesh. */
export default flakeModule({
  flake: {
    modules: {
      darwin: {
        "dnscrypt-proxy": ({ pkgs }) => ({
          environment: {
            systemPackages: [pkgs["dnscrypt-proxy"]],
            etc: { "dnscrypt-proxy/forwarding-rules.txt": { text: "zt 127.0.0.1:5353\n" } },
          },
        }),
      },
    },
  },
});
