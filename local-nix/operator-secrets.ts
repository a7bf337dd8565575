/** Age keys, and what opens Pulumi's state and its secrets. */
const secret = /^(?:SOPS_AGE_|PULUMI_(?:ACCESS_TOKEN|CONFIG))/;

/** An environment without the operator's secrets: for programs that run other people's code, whose business they are not. */
export function withoutOperatorSecrets(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !secret.test(name)));
}
