# How option paths, files and values stand in error messages.
{ lib }:
rec {
  showName =
    name: if builtins.match "[a-zA-Z_][a-zA-Z0-9_'-]*" name != null then name else builtins.toJSON name;
  showOption = lib.concatMapStringsSep "." showName;
  showFiles = lib.concatMapStringsSep " and " (file: "`${file}'");
  showValue = lib.generators.toPretty { };
  showDefinitions = lib.concatMapStrings (
    definition: "\n- In `${definition.file}': ${showValue definition.value}"
  );
}
