import { flakeModule } from "pulumi-clan/author";

/** Who takes part: class, tags and the way to each machine. `all` and the class's own tag come by themselves. */
export default flakeModule({
  clan: {
    inventory: {
      machines: {
        cinnabar: {
          description: "Hetzner cx43: controller of the ZeroTier network",
          tags: ["nixos", "cloud", "hetzner", "controller"],
          deploy: { targetHost: "root@cinnabar.zt" },
        },
        electrum: {
          description: "Hetzner ccx23: spare",
          tags: ["nixos", "cloud", "hetzner", "peer"],
          deploy: { targetHost: "root@electrum.zt" },
        },
        magnetite: {
          description: "Hetzner cx53: forge, cache and sign-on",
          tags: ["nixos", "cloud", "hetzner", "peer"],
          deploy: { targetHost: "root@magnetite.zt" },
        },
        galena: {
          description: "Compute Engine e2-standard-8: batch work",
          tags: ["nixos", "cloud", "gcp", "peer"],
          deploy: { targetHost: "root@galena.zt" },
        },
        scheelite: {
          description: "Compute Engine n1-standard-8 with one T4: model work",
          tags: ["nixos", "cloud", "gcp", "gpu", "peer"],
          deploy: { targetHost: "root@scheelite.zt" },
        },
        pyrite: {
          description: "MacBook Pro 14,1 on NixOS",
          tags: ["nixos", "laptop", "peer"],
          deploy: { targetHost: "root@pyrite.zt" },
        },
        stibnite: {
          description: "crs58's workstation; deploys the others",
          machineClass: "darwin",
          tags: ["darwin", "workstation", "laptop", "controller"],
          deploy: { targetHost: "crs58@stibnite.zt" },
        },
        blackphos: {
          description: "raquel's laptop",
          machineClass: "darwin",
          tags: ["darwin", "workstation", "laptop", "fleet"],
          deploy: { targetHost: "crs58@blackphos.zt" },
        },
        rosegold: {
          description: "janettesmith's laptop",
          machineClass: "darwin",
          tags: ["darwin", "workstation", "laptop", "fleet"],
          deploy: { targetHost: "cameron@rosegold.zt" },
        },
        argentum: {
          description: "christophersmith's laptop",
          machineClass: "darwin",
          tags: ["darwin", "workstation", "laptop", "fleet"],
          deploy: { targetHost: "cameron@argentum.zt" },
        },
      },
    },
  },
});
