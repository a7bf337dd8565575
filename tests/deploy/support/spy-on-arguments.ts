import { readdir, readFile } from "node:fs/promises";

/** Reads the arguments of every process of this machine, again and again, until it is asked or disposed of. */
export interface ArgumentsSpy extends AsyncDisposable {
  seen(): Promise<string>;
}

export function spyOnArguments(): ArgumentsSpy {
  let isOn = true;
  const seen = (async () => {
    let text = "";
    while (isOn) {
      for (const id of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
        const part = await readFile(`/proc/${id}/cmdline`, "utf8").catch(() => ""); // it may have ended
        if (!text.includes(part)) text += `${part}\n`;
      }
    }
    return text;
  })();
  const end = (): Promise<string> => {
    isOn = false;
    return seen;
  };
  return { seen: end, [Symbol.asyncDispose]: async () => void (await end()) };
}
