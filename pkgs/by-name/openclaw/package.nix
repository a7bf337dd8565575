# The message agent before hermes-agent.
{ coreutils, writeShellApplication }:
writeShellApplication {
  name = "openclaw";
  runtimeInputs = [ coreutils ];
  text = ''
    echo "openclaw: off duty; hermes-agent carries the messages"
    exec sleep infinity
  '';
}
