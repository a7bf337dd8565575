# $1 declared toplevel, $2 previous one or "": neither is collected as garbage before the commit.
# A root may name a path that is not there yet: it counts from the moment it is.
roots=/nix/var/nix/gcroots/pulumi-clan
{
  mkdir -p "$roots" "$state" && chmod 700 "$state" && ln -sfn "$1" "$roots/declared" || exit 1
  if [ -n "$2" ]; then ln -sfn "$2" "$roots/previous" || exit 1; fi
} </dev/null
