/** A command of the documentation that the simulated fleet runs, in the order of this list. */
export interface HostCommand {
  /** As a page has it. */
  readonly text: string;
  /** What answers the question that it would ask on a terminal. */
  readonly answer?: string;
  /** Default: 0. */
  readonly exitCode?: number;
  /** What it prints on stdout, if the page shows no output. */
  readonly prints?: RegExp;
}

/** From a fresh checkout to nothing left behind, with an edit that two of three machines get. */
export const hostStory: readonly HostCommand[] = [
  {
    text: "npm run quickstart   # sets up what is missing, boots a simulated fleet, runs `pulumi up` on stack `local`",
    prints: /^cinnabar +nixos +switched [\s\S]*^galena +nixos +switched [\s\S]*^stibnite +darwin +switched /m,
  },
  { text: "npm run sim -- status", prints: /cinnabar/ },
  { text: "sed -i 's/ 60\"/ 30\"/' modules/nixos/base/heartbeat.ts && npm run pulumi -- preview" },
  { text: "fleet status", exitCode: 1, prints: /^cinnabar +differs [\s\S]*^stibnite +ok /m },
  { text: "fleet plan", prints: /modules\/nixos\/base\/heartbeat\.ts changed/ },
  {
    text: "fleet deploy galena                       # without Pulumi",
    answer: "--yes",
    prints: /^galena +switched /m,
  },
  { text: "fleet history cinnabar", prints: / committed +pulumi-clan\/local by / },
  { text: "pulumi refresh", answer: "--yes" },
  { text: "pulumi up", answer: "--yes", prints: /cinnabar/ },
  { text: "pulumi preview --refresh --expect-no-changes" },
  { text: "pulumi stack output machines", prints: /"outcome":"switched"/ },
  { text: "npm run fleet -- doctor" },
  { text: "pulumi cancel", answer: "--yes" },
  { text: "npm run sim -- down", prints: /hosts? removed/ },
];
