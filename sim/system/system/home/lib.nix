# `lib.hm`: the orders of a home's activation.
{ lib }:
let
  entry = after: before: data: { inherit after before data; };
in
{
  dag = {
    entryAnywhere = entry [ ] [ ];
    entryAfter = after: entry after [ ];
    entryBefore = entry [ ];
    entryBetween = before: after: entry after before;
  };
  gvariant = { };
}
