import { flakeModule, nix } from "pulumi-clan/author";

const unit = "greeting";

export default flakeModule({
  flake: {
    modules: {
      nixos: {
        base: ({ config, inputs, lib, pkgs }) => ({
          imports: [inputs["home-manager"].nixosModules["home-manager"]],
          nixpkgs: { overlays: [inputs.self.overlays.default] },
          "home-manager": { useGlobalPkgs: true, extraSpecialArgs: { inputs } },
          environment: {
            systemPackages: [pkgs.hello],
            etc: { role: { text: lib.mkIf(lib.elem("console=ttyS0", config.boot.kernelParams), "virtual") } },
          },
          systemd: {
            services: {
              [unit]: nix`
                {
                  description = ${'Says "hello"'};
                  wantedBy = [ "multi-user.target" ];
                  script = ''
                    \${pkgs.${unit}}/bin/${unit} ${config.networking.hostName}
                  '';
                }
              `,
            },
          },
        }),
      },
    },
  },
});
