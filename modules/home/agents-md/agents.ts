import { file, flakeModule } from "pulumi-clan/author";

/** What every assistant is told first, a file of the tree. */
export default flakeModule({
  flake: {
    modules: {
      homeManager: {
        "agents-md": {
          home: { file: { "AGENTS.md": { source: file("./agents.md") } } },
        },
      },
    },
  },
});
