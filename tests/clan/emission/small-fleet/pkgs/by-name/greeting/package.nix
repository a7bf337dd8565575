{ writeShellScriptBin }:
writeShellScriptBin "greeting" ''
  echo "hello from $1"
''
