# `wanted` prints `unit<TAB>files` of the system to come, the files where they lie. Lines `key<TAB>…`:
#   unit   name, state, whose its file is, whether its conditions were seen to fail, units that stop with it
#   files  a running unit of the system's own, and where its file and drop-ins lie
#   text   a path of those of a unit that is another one in the system to come, and a line of it
#   link   fstab and userUnits, and where they lead
# Without a line `units-end` nothing of it counts. Few processes: a plan waits five seconds for it.
units=/etc/static/systemd/system
if [ ! -d "$units" ]; then units=/etc/systemd/system; fi # an overlay on /etc has no static part
tab=$(printf '\t')

states() {
  systemctl show --no-pager --property=Id,ActiveState,FragmentPath,Following,ConditionResult,ConditionTimestampMonotonic,RequiredBy,RequisiteOf,BoundBy,ConsistsOf,PropagatesStopTo '*' |
    awk 'function told() {
        if (id != "" && following == "")
          printf "unit\t%s\t%s\t%s\t%s\t%s\n", id, state, (fragment ~ /^\/etc\/systemd\/system\//) ? "own" : "other", (tried > 0 && result == "no") ? "unmet" : "met", substr(stops, 2)
        id = state = fragment = following = result = tried = stops = ""
      }
      $0 == "" { told(); next }
      { key = $0; sub(/=.*/, "", key); value = substr($0, length(key) + 2) }
      key == "Id" { id = value }
      key == "ActiveState" { state = value }
      key == "FragmentPath" { fragment = value }
      key == "Following" { following = value }
      key == "ConditionResult" { result = value }
      key == "ConditionTimestampMonotonic" { tried = value + 0 }
      (key == "RequiredBy" || key == "RequisiteOf" || key == "BoundBy" || key == "ConsistsOf" || key == "PropagatesStopTo") && value != "" { stops = stops " " value }
      END { told() }' | head -n 5000
}

# `unit<TAB>path` of each file of the units named on stdin: the unit's own or its template's, then drop-ins.
files_of() {
  while IFS= read -r unit; do
    template=''
    case $unit in *@*.*) if [ ! -e "$units/$unit" ]; then template=${unit%%@*}@.${unit##*.}; fi ;; esac
    for file in "$units/$unit" ${template:+"$units/$template" "$units/$template".d/*.conf} "$units/$unit".d/*.conf; do
      if [ -e "$file" ] && [ ! "$file" -ef /dev/null ]; then printf '%s\t%s\n' "$unit" "$file"; fi
    done
  done
}

{
  seen=$(states)
  printf '%s\n' "$seen"
  files=$(printf '%s\n' "$seen" | awk -F '\t' '$4 == "own" && ($3 == "active" || $3 == "activating") { print $2 }' | files_of)
  lie=$(printf '%s\n' "$files" | cut -f 2 | sed '/^$/d' | tr '\n' '\0' | xargs -0 -r realpath --)
  # Told are all, read those that differ.
  listed=$({
    wanted
    printf '=files\n%s\n=lie\n%s\n' "$files" "$lie"
  } | awk -F '\t' '
    $0 == "" { next }
    $0 == "=files" || $0 == "=lie" { part++; next }
    part == 0 { wanted[$1] = $2 }
    part == 1 { name[++count] = $1 }
    part == 2 { unit = name[++at]; if (!(unit in own)) order[++known] = unit; own[unit] = own[unit] (own[unit] == "" ? "" : " ") $0 }
    END { for (i = 1; i <= known; i++) printf "%s\t%s\t%s\n", (wanted[order[i]] == own[order[i]]) ? "same" : "other", order[i], own[order[i]] }')
  printf '%s\n' "$listed" | awk -F '\t' '$1 != "" { print "files\t" $2 "\t" $3 }'
  printf '%s\n' "$listed" | awk -F '\t' '$1 == "other" { print $3 }' | tr ' ' '\n' | sed '/^$/d' | sort -u | tr '\n' '\0' |
    xargs -0 -r awk '{ print "text\t" FILENAME "\t" $0 }' /dev/null
  for file in "fstab$tab/etc/fstab" "userUnits$tab/run/current-system/etc/systemd/user"; do
    if [ -e "${file#*"$tab"}" ]; then printf 'link\t%s\t%s\n' "${file%%"$tab"*}" "$(realpath -- "${file#*"$tab"}")"; fi
  done
  printf 'units-end\n'
} </dev/null
