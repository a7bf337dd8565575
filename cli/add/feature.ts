import { Command, Option } from "commander";
import { type FeatureClass, featureClasses, needsImporter, planFeature } from "../../clan/authoring/plan-feature.ts";
import type { Terminal } from "../terminal.ts";
import { type AuthorOptions, author, lacking, listed, readAuthored, withAuthorOptions } from "./author.ts";

interface Options extends AuthorOptions {
  readonly class: FeatureClass;
  readonly package?: readonly string[];
  readonly enable?: readonly string[];
  readonly into?: readonly string[];
}

/** `fleet add feature`. Exit 0: added, or there already; 1: it cannot be; 2: wrong usage; 130: interrupted. */
export function addFeatureCommand(terminal: Terminal, signal: AbortSignal): Command {
  const feature = new Command("feature")
    .description("a file that adds to an aspect, or makes it, and imports of the aspect")
    .argument("<aspect/feature>", "the entry and the file, e.g. ai/claude-code; without a slash both have one name")
    .addOption(new Option("--class <class>", "of the entry").choices(featureClasses).default("homeManager"))
    .addOption(listed("--package <paths>", "packages that it installs, as attributes of pkgs"))
    .addOption(listed("--enable <options>", "options that it makes true, e.g. programs.helix.enable"))
    .addOption(listed("--into <importers>", "who imports the aspect: <class>/<entry>, or <user>@<machine> for a home"))
    .action(async (path: string, options: Options, command: Command) => {
      const fleet = await readAuthored(command);
      const slash = path.lastIndexOf("/");
      const named = {
        aspect: slash === -1 ? path : path.slice(0, slash),
        feature: slash === -1 ? null : path.slice(slash + 1),
      };
      const { class: className, package: packages = [], enable = [], into = [], dryRun, json, anyway } = options;
      const request = { ...named, class: className, packages, enable };
      const question = `who imports ${className}/${named.aspect}: <class>/<entry>, or <user>@<machine> for a home?`;
      const asked =
        into.length > 0 || !needsImporter(fleet, request)
          ? []
          : (await lacking(question, "--into", command, signal)).split(/[,\s]+/);
      const plan = planFeature(fleet, { ...request, into: [...into, ...asked] });
      await author(fleet, plan, `${path} is in the fleet already`, { dryRun, json, anyway }, terminal, signal);
    });
  return withAuthorOptions(feature);
}
