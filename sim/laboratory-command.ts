import type { Command } from "commander";

/** Aborts at ^C and at a request to end. */
export function untilInterrupted(): AbortSignal {
  const interrupted = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interrupted.abort(new Error(name)));
  return interrupted.signal;
}

/** Runs a command that has hosts and files of its own, which it removes. Exit 2: wrong usage; 130: `interrupted`. */
export async function runLaboratory(command: Command, interrupted: AbortSignal): Promise<void> {
  try {
    await command
      .configureOutput({ writeErr: (text) => process.stderr.write(text) })
      .exitOverride((error) => {
        process.exit(error.exitCode === 0 ? 0 : 2);
      })
      .parseAsync();
  } catch (error) {
    if (!interrupted.aborted) throw error;
    console.error(`${command.name()}: interrupted; hosts and files of the run are removed`);
    process.exitCode = 130;
  }
}
