# `users.users` and `users.groups`: made by the activation with the host's own useradd.
{ config, lib, machineClass, ... }:
let
  inherit (lib) mkOption types escapeShellArg;
  isDarwin = machineClass == "darwin";
  user = types.submodule (
    { name, config, ... }:
    {
      options = {
        name = mkOption { type = types.str; default = name; };
        enable = mkOption { type = types.bool; default = true; };
        uid = mkOption { type = types.nullOr types.int; default = null; };
        description = mkOption { type = types.str; default = ""; };
        isNormalUser = mkOption { type = types.bool; default = false; };
        isSystemUser = mkOption { type = types.bool; default = false; };
        isHidden = mkOption { type = types.bool; default = false; };
        home = mkOption {
          type = types.nullOr types.str;
          default =
            if name == "root" then
              "/root"
            else if isDarwin then
              "/Users/${name}"
            else if config.isNormalUser then
              "/home/${name}"
            else
              "/var/empty";
        };
        createHome = mkOption { type = types.bool; default = config.isNormalUser || isDarwin; };
        group = mkOption { type = types.str; default = if config.isNormalUser || isDarwin then "users" else name; };
        gid = mkOption { type = types.nullOr types.int; default = null; };
        extraGroups = mkOption { type = types.listOf types.str; default = [ ]; };
        shell = mkOption { type = types.nullOr (types.either types.package types.str); default = null; };
        packages = mkOption { type = types.listOf types.package; default = [ ]; };
        linger = mkOption { type = types.bool; default = false; };
        password = mkOption { type = types.nullOr types.str; default = null; };
        initialPassword = mkOption { type = types.nullOr types.str; default = null; };
        hashedPassword = mkOption { type = types.nullOr types.str; default = null; };
        initialHashedPassword = mkOption { type = types.nullOr types.str; default = null; };
        hashedPasswordFile = mkOption { type = types.nullOr types.str; default = null; };
        openssh.authorizedKeys.keys = mkOption { type = types.listOf types.singleLineStr; default = [ ]; };
        openssh.authorizedKeys.keyFiles = mkOption { type = types.listOf types.path; default = [ ]; };
      };
    }
  );
  group = types.submodule {
    options = {
      gid = mkOption { type = types.nullOr types.int; default = null; };
      members = mkOption { type = types.listOf types.str; default = [ ]; };
    };
  };

  users = builtins.filter (user: user.enable && user.name != "root") (builtins.attrValues config.users.users);
  groups = lib.unique (
    builtins.attrNames config.users.groups ++ builtins.concatMap (user: [ user.group ] ++ user.extraGroups) users
  );
  groupsOf =
    user:
    lib.unique (
      user.extraGroups
      ++ builtins.filter (name: builtins.elem user.name config.users.groups.${name}.members) (
        builtins.attrNames config.users.groups
      )
    );
  # A store path only as far as the system holds it; the stand-ins of shells run the host's bash.
  shellOf =
    user:
    if user.shell == null then
      "/bin/bash"
    else if builtins.isString user.shell then
      user.shell
    else
      lib.getExe user.shell;
  number = value: if value == null then "" else toString value;
  declareGroup =
    name: "declare_group ${escapeShellArg name} ${escapeShellArg (number (config.users.groups.${name}.gid or null))}";
  declareUser =
    user:
    lib.concatMapStringsSep " " escapeShellArg [
      "declare_user"
      user.name
      (number user.uid)
      user.group
      (lib.concatStringsSep "," (groupsOf user))
      (if user.home == null then "/var/empty" else user.home)
      (lib.boolToString user.createHome)
      (shellOf user)
      user.description
    ];
  keysOf =
    user:
    user.openssh.authorizedKeys.keys ++ map lib.fileContents user.openssh.authorizedKeys.keyFiles;
  keyFolder = if isDarwin then "ssh/nix_authorized_keys.d" else "ssh/authorized_keys.d";
  unfit = builtins.filter (user: !isDarwin && !(user.isNormalUser || user.isSystemUser)) users;
in
{
  _file = "<users>";
  options.users = {
    users = mkOption { type = types.attrsOf user; default = { }; };
    groups = mkOption { type = types.attrsOf group; default = { }; };
    mutableUsers = mkOption { type = types.bool; default = true; };
    knownUsers = mkOption { type = types.listOf types.str; default = [ ]; };
    knownGroups = mkOption { type = types.listOf types.str; default = [ ]; };
    motd = mkOption { type = types.nullOr types.lines; default = null; };
  };
  config = {
    users.users.root = { };
    assertions = map (user: {
      assertion = false;
      message = "Exactly one of users.users.${user.name}.isSystemUser and users.users.${user.name}.isNormalUser must be set.";
    }) unfit;
    # Copied and not linked: sshd refuses a key file below a folder that a group may write to, as the store is.
    environment.etc =
      lib.mapAttrs' (
        name: user:
        lib.nameValuePair "${keyFolder}/${name}" {
          mode = "0444";
          text = lib.concatLines (keysOf user);
        }
      ) (lib.filterAttrs (_: user: keysOf user != [ ]) config.users.users)
      // lib.optionalAttrs (config.users.motd != null) { motd.text = config.users.motd; };
    system.activationScripts.users.text = ''
      ${lib.concatMapStringsSep "\n" declareGroup groups}
      ${lib.concatMapStringsSep "\n" declareUser users}
      # A Mac keeps its users.
      ${lib.optionalString (!isDarwin) "forget_users ${lib.escapeShellArgs (map (user: user.name) users)}"}
    '';
  };
}
