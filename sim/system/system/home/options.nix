# A home: packages, files, and a generation that links them into the user's folder.
{ config, lib, pkgs, isDefined, ... }:
let
  inherit (lib) mkOption types escapeShellArg;
  file = types.submodule (
    { name, config, ... }:
    {
      options = {
        enable = mkOption { type = types.bool; default = true; };
        target = mkOption { type = types.str; default = name; };
        text = mkOption { type = types.nullOr types.lines; default = null; };
        source = mkOption { type = types.path; };
        executable = mkOption { type = types.nullOr types.bool; default = null; };
        recursive = mkOption { type = types.bool; default = false; };
        force = mkOption { type = types.bool; default = false; };
        onChange = mkOption { type = types.lines; default = ""; };
      };
      config.source = lib.mkIf (config.text != null) (
        lib.mkOptionDefault (
          (if config.executable == true then pkgs.writeScript else pkgs.writeText) "hm_${
            lib.concatStrings (builtins.filter builtins.isString (builtins.split "[^a-zA-Z0-9+_.-]" (baseNameOf name)))
          }" config.text
        )
      );
    }
  );
  files = mkOption { type = types.attrsOf file; default = { }; };
  flag = mkOption { type = types.bool; default = false; };

  # Under .config, or wherever `xdg.configHome` would be.
  inFolder =
    folder: lib.mapAttrs' (name: file: lib.nameValuePair "${folder}/${name}" (removeAttrs file [ "target" ]));

  # A program is installed and has its settings in a file; git's is one that git reads.
  enabled = builtins.filter (
    name: builtins.isAttrs config.programs.${name} && (config.programs.${name}.enable or false) == true
  ) (builtins.attrNames config.programs);
  packageOf =
    name:
    if isDefined [ "programs" name "package" ] then
      config.programs.${name}.package
    else
      pkgs.${name} or (pkgs.simulatedPackage {
        pname = name;
        version = "0";
      });
  settingsOf =
    name:
    lib.filterAttrs (_: value: !(builtins.isFunction value)) (
      builtins.intersectAttrs (lib.genAttrs (builtins.filter (
        attribute: attribute != "package" && isDefined [ "programs" name attribute ]
      ) (builtins.attrNames config.programs.${name})) (_: true)) config.programs.${name}
    );
  programFile =
    name:
    lib.nameValuePair ".config/${name}/settings.json" {
      text = builtins.toJSON (settingsOf name);
    };
  # Sections of git's configuration: { user.name = …; }.
  gitSections =
    let
      git = settingsOf "git";
      user =
        lib.optionalAttrs (git ? userName) { name = git.userName; }
        // lib.optionalAttrs (git ? userEmail) { email = git.userEmail; };
    in
    lib.recursiveUpdate (lib.optionalAttrs (user != { }) { inherit user; }) (
      lib.recursiveUpdate (git.extraConfig or { }) (git.settings or { })
    );

  active = builtins.filter (file: file.enable) (builtins.attrValues config.home.file);
  place = file: ''
    mkdir -p ${escapeShellArg (dirOf "home-files/${file.target}")}
    ln -s ${escapeShellArg "${file.source}"} ${escapeShellArg "home-files/${file.target}"}
  '';
  scriptOrder = builtins.attrNames config.home.activation;
  scriptText = name: config.home.activation.${name}.data or config.home.activation.${name};
in
{
  _file = "<home-manager/options>";
  options = {
    assertions = mkOption { type = types.listOf types.raw; default = [ ]; };
    warnings = mkOption { type = types.listOf types.str; default = [ ]; };
    home = {
      username = mkOption { type = types.str; };
      homeDirectory = mkOption { type = types.path; };
      stateVersion = mkOption { type = types.str; default = "26.05"; };
      packages = mkOption { type = types.listOf types.package; default = [ ]; };
      file = files;
      sessionVariables = mkOption { type = types.attrsOf types.anything; default = { }; };
      sessionPath = mkOption { type = types.listOf types.str; default = [ ]; };
      shellAliases = mkOption { type = types.attrsOf types.str; default = { }; };
      activation = mkOption { type = types.attrsOf types.raw; default = { }; };
      activationPackage = mkOption { type = types.package; internal = true; };
      path = mkOption { type = types.package; internal = true; };
    };
    xdg.enable = flag;
    xdg.configHome = mkOption { type = types.str; default = "${config.home.homeDirectory}/.config"; };
    xdg.dataHome = mkOption { type = types.str; default = "${config.home.homeDirectory}/.local/share"; };
    xdg.configFile = files;
    xdg.dataFile = files;
    programs = lib.genAttrs [ "bash" "direnv" "fish" "git" "home-manager" "neovim" "ssh" "starship" "tmux" "zsh" ] (_: {
      enable = flag;
    });
  };
  config.home = {
    packages = map packageOf (lib.remove "home-manager" enabled);
    file =
      inFolder ".config" config.xdg.configFile
      // inFolder ".local/share" config.xdg.dataFile
      // lib.listToAttrs (map programFile (lib.remove "git" enabled))
      // lib.optionalAttrs (builtins.elem "git" enabled) {
        ".config/git/config".text = lib.generators.toGitINI gitSections;
      }
      // {
        ".config/environment.d/10-home-manager.conf".text = lib.concatLines (
          lib.mapAttrsToList (name: value: "${name}=${toString value}") config.home.sessionVariables
        );
      };
    path = pkgs.symlinkJoin {
      name = "home-manager-path";
      paths = lib.unique config.home.packages;
    };
    activationPackage = pkgs.runCommand "home-manager-generation" { } ''
      mkdir -p "$out/home-files"
      cd "$out"
      ${lib.concatMapStrings place active}
      ln -s ${config.home.path} home-path
      echo 1 > gen-version
      echo "26.05-pre" > hm-version
      {
        echo '#!/bin/sh'
        echo "generation=$out"
        cat ${../../scripts/activate-home.sh}
        cat << 'ACTIVATION_SCRIPTS'
      ${lib.concatMapStrings (name: ''
        echo "Activating ${name}"
        ${scriptText name}
      '') scriptOrder}
      ACTIVATION_SCRIPTS
      } > activate
      chmod 555 activate
    '';
  };
}
