# The toplevel of a nixos machine: the files that deployment tools and the boot process look for.
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  inherit (config.system) build;
  isContainer = config.boot.isContainer;
  system = pkgs.stdenv.hostPlatform.system;
  name = "nixos-system-${config.networking.hostName}-${config.system.nixos.label}";

  functionOf = script: "snippet_${lib.replaceStrings [ "-" "." ] [ "_" "_" ] script.name}";
  activation = ''
    ${builtins.readFile ../scripts/activate-nixos.sh}
    ${builtins.readFile ../scripts/log-activation.sh}
    log_activation activate "$systemConfig"
    ${config.system.activationLibrary}
    ${lib.concatMapStrings (script: ''
      ${functionOf script}() {
        :
        ${script.text}
      }
      run_snippet ${lib.escapeShellArg script.name} ${functionOf script}
    '') config.system.orderedActivationScripts}
    finish_activation
  '';

  checks = lib.concatStrings (
    lib.mapAttrsToList (check: text: ''
      check=${lib.escapeShellArg check}
      if ! (
        set -e
        ${text}
      ); then
        echo "Pre-switch check '$check' failed" >&2
        failed=1
      fi
    '') config.system.preSwitchChecks
  );
  preSwitchCheck = pkgs.writeText "pre-switch-checks" ''
    # $1: the toplevel to come, $2: the action
    failed=0
    ${checks}
    exit "$failed"
  '';

  bootSpec = {
    "org.nixos.bootspec.v1" = {
      inherit system;
      init = "@out@/init";
      initrd = "${build.initialRamdisk}/initrd";
      kernel = "${build.kernel}/bzImage";
      kernelParams = config.boot.kernelParams;
      label = "NixOS ${config.system.nixos.label} (Linux ${build.kernel.version})";
      toplevel = "@out@";
    };
    "org.nixos.specialisation.v1" = { };
  };

  toplevel = pkgs.runCommand name {
    inherit activation;
    platform = system;
    bootSpec = builtins.toJSON bootSpec;
    inhibitors = builtins.toJSON config.system.switch.inhibitors;
    version = config.system.nixos.version;
    label = config.system.configurationName;
    kernelParams = toString config.boot.kernelParams;
    passAsFile = [ "activation" "bootSpec" ];
  } ''
    mkdir -p "$out/bin" "$out/specialisation"
    { printf '#!/bin/sh\nsystemConfig=%s\n' "$out"; cat "$activationPath"; } > "$out/activate"
    { printf '#!/bin/sh\nsystemConfig=%s\n' "$out"; cat ${../scripts/init.sh}; } > "$out/init"
    cat > "$out/bin/switch-to-configuration" << WRAPPER
    #!/bin/sh
    export OUT=$out TOPLEVEL=$out DISTRO_ID=nixos
    export INSTALL_BOOTLOADER=${if isContainer then "/bin/true" else build.installBootLoader}
    export PRE_SWITCH_CHECK=${preSwitchCheck} LOG_ACTIVATION=${../scripts/log-activation.sh}
    exec /bin/sh ${../scripts/switch-to-configuration.sh} "\$@"
    WRAPPER
    sed -i 's/^    //' "$out/bin/switch-to-configuration"
    chmod 555 "$out/activate" "$out/init" "$out/bin/switch-to-configuration"
    ln -s ${build.etc}/etc "$out/etc"
    ln -s ${config.system.path} "$out/sw"
    ln -s ${config.systemd.package} "$out/systemd"
    printf %s "$version" > "$out/nixos-version"
    printf %s "$platform" > "$out/system"
    printf %s "$label" > "$out/configuration-name"
    printf %s "$inhibitors" > "$out/switch-inhibitors"
    echo "systemd 2" > "$out/init-interface-version"
    ${lib.optionalString (!isContainer) ''
      printf %s "$kernelParams" > "$out/kernel-params"
      ln -s ${build.kernel}/bzImage "$out/kernel"
      ln -s ${build.kernel} "$out/kernel-modules"
      ln -s ${build.initialRamdisk}/initrd "$out/initrd"
      sed "s|@out@|$out|g" "$bootSpecPath" > "$out/boot.json"
    ''}
    ${lib.concatStrings (
      lib.mapAttrsToList (specialisation: path: ''
        ln -s ${path} "$out/specialisation/${specialisation}"
      '') build.specialisations
    )}
  '';
in
{
  _file = "<system.build.toplevel>";
  options.system = {
    preSwitchChecks = mkOption { type = types.attrsOf types.lines; default = { }; };
    switch.inhibitors = mkOption { type = types.attrsOf types.str; default = { }; };
  };
  config.system = {
    build.toplevel = config.system.checked toplevel;
    preSwitchChecks.switchInhibitors = builtins.readFile ../scripts/check-inhibitors.sh;
  };
}
