import { flakeModule } from "pulumi-clan/author";

/** What the assistant may do without asking. */
export default flakeModule({
  flake: {
    modules: {
      homeManager: {
        ai: {
          home: {
            file: {
              ".claude/settings.json": {
                text: JSON.stringify({ permissions: { allow: ["Bash(git status)", "Bash(git diff:*)"] } }, null, 2),
              },
            },
          },
        },
      },
    },
  },
});
