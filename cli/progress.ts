import type { FleetEvent, Report } from "../report.ts";
import { renderProgress, Throughput } from "../stack/progress.ts";
import { renderEvent } from "./render-event.ts";
import type { Terminal } from "./terminal.ts";

/** Seconds between two lines on one machine's progress: a log is read by people, too. */
const quietSeconds = 2;

/** Tells phases and warnings as they come, counted progress now and then, and details only when asked for. */
export function progressOn(terminal: Terminal, verbose: boolean): Report {
  const throughput = new Throughput();
  const told = new Map<string, number>();
  return (event) => {
    if (event.progress === undefined) {
      const tone = event.level === "warning" ? event.level : undefined;
      if (event.level !== "debug" || verbose || terminal.debug === true) terminal.tell(renderEvent(event), tone);
      return;
    }
    const rate = throughput.rate(event, performance.now());
    const key = `${event.subject} ${event.phase}`;
    const now = performance.now();
    if (now - (told.get(key) ?? Number.NEGATIVE_INFINITY) < quietSeconds * 1000 && !isComplete(event)) return;
    told.set(key, now);
    terminal.tell(renderEvent({ ...event, message: renderProgress(event, rate) }));
  };
}

function isComplete({ progress }: FleetEvent): boolean {
  return progress !== undefined && progress.done === progress.total;
}
