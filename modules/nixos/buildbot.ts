import { flakeModule } from "pulumi-clan/author";

/** Builds every branch of the forge. */
export default flakeModule({
  flake: {
    modules: {
      nixos: {
        buildbot: {
          services: {
            "buildbot-master": { enable: true, title: "Minerals", buildbotUrl: "https://ci.zt/", workers: [] },
            "buildbot-worker": { enable: true, masterUrl: "localhost:9989" },
          },
        },
      },
    },
  },
});
