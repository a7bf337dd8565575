# Derivations made of a name and a line of shell. The builder is the system's own /bin/sh: no sandbox, no stdenv.
{ lib, system }:
rec {
  # Every tool comes from the platform that builds.
  searchPath = "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin";

  runCommand =
    name: environment: script:
    derivation (
      {
        inherit name system script;
        builder = "/bin/sh";
        args = [ "-euc" ". \"$scriptPath\"" ];
        PATH = searchPath;
        passAsFile = [ "script" ] ++ environment.passAsFile or [ ];
      }
      // removeAttrs environment [ "passAsFile" "meta" "passthru" ]
    )
    // environment.passthru or { }
    // lib.optionalAttrs (environment ? meta) { inherit (environment) meta; };
  runCommandLocal = runCommand;
  runCommandNoCC = runCommand;

  writeTextFile =
    {
      name,
      text,
      executable ? false,
      destination ? "",
      meta ? { },
      ...
    }:
    runCommand name { inherit text meta; passAsFile = [ "text" ]; } ''
      mkdir -p "$(dirname "$out${destination}")"
      cp "$textPath" "$out${destination}"
      chmod ${if executable then "555" else "444"} "$out${destination}"
    '';
  # Text without references to what must be built first needs no builder.
  writeText =
    name: text:
    if builtins.any (context: context ? outputs) (builtins.attrValues (builtins.getContext text)) then
      writeTextFile { inherit name text; }
    else
      builtins.toFile name text;
  writeTextDir = path: text: writeTextFile {
    name = baseNameOf path;
    destination = "/${path}";
    inherit text;
  };
  writeScript = name: text: writeTextFile { inherit name text; executable = true; };
  writeScriptBin = name: text: writeTextFile {
    inherit name text;
    executable = true;
    destination = "/bin/${name}";
    meta.mainProgram = name;
  };
  writeShellScript = name: text: writeScript name "#!/bin/sh\n${text}\n";
  writeShellScriptBin = name: text: writeScriptBin name "#!/bin/sh\n${text}\n";
  writeShellApplication =
    {
      name,
      text,
      runtimeInputs ? [ ],
      ...
    }:
    writeScriptBin name ''
      #!/bin/sh
      set -eu
      export PATH="${lib.makeBinPath runtimeInputs}:$PATH"
      ${text}
    '';

  symlinkJoin =
    {
      name,
      paths,
      postBuild ? "",
      ...
    }:
    runCommand name { inherit paths; } ''
      mkdir -p "$out"
      for path in $paths; do
        if [ -d "$path" ]; then cp -asn "$path/." "$out/" && chmod -R u+w "$out"; fi
      done
      ${postBuild}
    '';
  buildEnv = arguments: symlinkJoin { inherit (arguments) name paths; };
  linkFarm =
    name: entries:
    let
      list =
        if builtins.isList entries then
          entries
        else
          lib.mapAttrsToList (entry: path: { name = entry; inherit path; }) entries;
    in
    runCommand name { } (
      ''mkdir -p "$out"; cd "$out"; ''
      + lib.concatMapStrings (entry: ''
        mkdir -p "$(dirname ${lib.escapeShellArg entry.name})"
        ln -s ${lib.escapeShellArg "${entry.path}"} ${lib.escapeShellArg entry.name}
      '') list
    );

  formats =
    let
      format = extension: render: _: {
        type = lib.types.anything;
        generate = name: value: writeText name (render value);
        inherit extension;
      };
    in
    {
      json = format "json" builtins.toJSON;
      yaml = format "yaml" builtins.toJSON;
      toml = format "toml" builtins.toJSON;
      ini = format "ini" (lib.generators.toINI { });
      keyValue = format "conf" (lib.generators.toKeyValue { });
    };
}
