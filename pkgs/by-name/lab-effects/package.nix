# What follows a change of the main branch: lab-effects deploy|prune.
{ coreutils, writeShellApplication }:
writeShellApplication {
  name = "lab-effects";
  runtimeInputs = [ coreutils ];
  text = ''
    case ''${1:-} in
      deploy) echo "lab-effects: nothing new on the main branch" ;;
      prune) echo "lab-effects: no preview without a branch" ;;
      *)
        echo "usage: lab-effects deploy|prune" >&2
        exit 64
        ;;
    esac
  '';
}
