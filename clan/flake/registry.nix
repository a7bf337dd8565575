# What one machine of the registry imports, where asking for all of them together failed.
modules: module: (modules { }).definedImports module
