# Types whose values are modules, evaluated here (submodule) or somewhere else (deferredModule).
{ lib, display, evalModules, ... }:
let
  isModule =
    value: builtins.isAttrs value || builtins.isFunction value || builtins.isPath value || builtins.isString value;
in
rec {
  submoduleWith =
    {
      modules,
      class ? null,
      specialArgs ? { },
      # Whether a set given as value is the configuration itself, so that `imports` in it would be an option.
      shorthandOnlyDefinesConfig ? false,
      strict ? true,
      roots ? null,
      description ? "submodule",
    }:
    let
      evaluate =
        path: found:
        evalModules {
          inherit class specialArgs strict roots;
          prefix = path;
          modules =
            modules
            ++ [ { _file = "<submodule>"; _module.args.name = lib.mkOptionDefault (lib.last path); } ]
            ++ map (
              definition:
              if shorthandOnlyDefinesConfig && builtins.isAttrs definition.value then
                {
                  _file = definition.file;
                  config = definition.value;
                }
              else
                {
                  _file = definition.file;
                  imports = [ definition.value ];
                }
            ) found;
        };
    in
    {
      inherit description evaluate;
      check = isModule;
      emptyValue = { };
      merge = path: found: removeAttrs (evaluate path found).config [ "_module" ];
    };

  submodule =
    module:
    let
      modules = lib.toList module;
      isFreeform = builtins.any (part: builtins.isAttrs part && part ? freeformType) modules;
    in
    submoduleWith {
      inherit modules;
      shorthandOnlyDefinesConfig = true;
      strict = !isFreeform;
    };

  deferredModuleWith =
    {
      staticModules ? [ ],
    }:
    {
      description = "module";
      check = isModule;
      emptyValue = { imports = staticModules; };
      merge = path: found: {
        imports =
          staticModules
          ++ map (definition: {
            _file = "${definition.file}, via option ${display.showOption path}";
            imports = [ definition.value ];
          }) found;
      };
    };
  deferredModule = deferredModuleWith { };
}
