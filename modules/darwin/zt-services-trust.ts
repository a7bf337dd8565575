import { file, flakeModule } from "pulumi-clan/author";

/** The CA behind the mesh's web pages. */
export default flakeModule({
  flake: {
    modules: {
      darwin: {
        "zt-services-trust": {
          security: { pki: { certificateFiles: [file("./zt-services-ca.pem")] } },
        },
      },
    },
  },
});
