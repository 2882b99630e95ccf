#!/usr/bin/env bash
# Lifthill and Hugo side by side on the same corpus: cold, nothing changed, one ride's body edited; and
# what the machine allows. Prints a Markdown table. See README.md beside this file.
#
# usage: HUGO=/path/to/hugo benches/compare.sh CORPUS HUGO_SITE WORK
#   CORPUS     folder with parks.jsonl, rides.jsonl, companies.jsonl, reviews.jsonl
#   HUGO_SITE  Hugo's site made from the same corpus, rides in content/parks/<park>/rides/<ride>.md
#   WORK       folder for the Lifthill site and the measurements; WORK/site is made if missing
# environment: ROUNDS (3), THREADS of the bare writing (2), LIFTHILL (the release build of this repository)
set -euo pipefail

if [ $# -ne 3 ] || [ -z "${HUGO:-}" ]; then
  sed -n '2,10s/^# \{0,1\}//p' "$0"
  exit 2
fi
mkdir -p "$3"
corpus=$(realpath "$1") hugo_site=$(realpath "$2") work=$(realpath "$3")
hugo=$(realpath "$HUGO") rounds=${ROUNDS:-3} threads=${THREADS:-2}
cd "$(dirname "$0")/.."
site=$work/site
rows=$work/rows.txt
: > "$rows"

if [ -z "${LIFTHILL:-}" ]; then
  cargo build --release --bin lifthill >&2
  LIFTHILL=${CARGO_TARGET_DIR:-target}/release/lifthill
fi
lifthill=$(realpath "$LIFTHILL")
[ -d "$site/content" ] || cargo bench --bench synth_site -- --corpus "$corpus" --out "$site" >&2

# A ride opened in the last century: editing it cannot touch a list of the newest rides.
line=$(grep -m1 '"opened": *"19' "$corpus/rides.jsonl")
park=$(sed 's/.*"park": *"\([^"]*\)".*/\1/' <<< "$line")
ride=$(sed 's/.*"slug": *"\([^"]*\)".*/\1/' <<< "$line")
edited=content/parks/$park/rides/$ride.md
cp "$hugo_site/$edited" "$work/edited.hugo.md"
cp "$site/$edited" "$work/edited.lifthill.md"
asides=()
restore() {
  cp "$work/edited.hugo.md" "$hugo_site/$edited"
  cp "$work/edited.lifthill.md" "$site/$edited"
}
finish() {
  restore
  [ ${#asides[@]} -eq 0 ] || rm -rf "${asides[@]}"
}
trap finish EXIT

# aside PATH...: moves old outputs away. Deleting them before a measured build would slow it down:
# ext4 without a journal searches past every inode freed in the last minutes for each new file.
aside() {
  local path
  for path in "$@"; do
    [ -e "$path" ] || continue
    asides+=("$path.aside-$$-${#asides[@]}")
    mv "$path" "${asides[-1]}"
  done
}

# measured PEER RUN OUTPUT COMMAND...: one row "peer run wall user+sys rss-KiB files-written".
measured() {
  local peer=$1 run=$2 output=$3
  shift 3
  sync
  touch "$work/before"
  TIMEFORMAT='%R %U %S'
  if ! { time /usr/bin/time -q -f %M -o "$work/rss" "$@" > "$work/log.txt" 2>&1; } 2> "$work/times"; then
    echo "$peer, $run: failed" >&2
    tail -n 30 "$work/log.txt" >&2
    exit 1
  fi
  local wall user sys written
  read -r wall user sys < "$work/times"
  written=$(find "$output" -type f -newer "$work/before" | wc -l)
  echo "$peer $run $wall $(awk "BEGIN { print $user + $sys }") $(cat "$work/rss") $written" | tee -a "$rows" >&2
}
run_hugo() { (cd "$hugo_site" && measured hugo "$1" public "$hugo" build --minify --quiet); }
run_lifthill() { measured lifthill "$1" "$site/output" "$lifthill" build --root "$site" --json; }

for round in $(seq "$rounds"); do
  restore
  aside "$hugo_site/public" "$hugo_site/resources" "$hugo_site/.hugo_build.lock" "$site/output" "$site/.lifthill"
  run_hugo cold
  run_lifthill cold
  run_hugo unchanged
  run_lifthill unchanged
  printf '\nEdited in round %s.\n' "$round" | tee -a "$hugo_site/$edited" >> "$site/$edited"
  run_hugo edited
  run_lifthill edited
done

bench() { cargo bench --quiet --bench floor -- "$@" 2> /dev/null; }
bare=$(bench --tree "$site/output" --threads "$threads" --repeat "$rounds")
walk=$(bench --walk "$site/content" "$site/output" --repeat 5)
of() { sed "s/.*\"$2\": *\([0-9.e-]*\).*/\1/" <<< "$1" | awk '{ printf "%.3f", $1 }'; }
size() { printf '%s files, %s MiB' "$(find "$1" -type f | wc -l)" "$(du -sm --apparent-size "$1" | cut -f1)"; }

echo
echo "$("$hugo" version | cut -d' ' -f1,2) against $("$lifthill" --version), $rounds rounds, medians, $(nproc) cores."
echo "Content: $(size "$site/content"). Output: Hugo $(size "$hugo_site/public"); Lifthill $(size "$site/output")."
echo
awk '
  function median(peer, run, column,    key, n, i, j, v, t) {
    key = peer SUBSEP run SUBSEP column
    n = split(values[key], v, " ")
    for (i = 2; i <= n; i++) for (j = i; j > 1 && v[j] + 0 < v[j - 1] + 0; j--) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
    return v[int((n + 1) / 2)] + 0
  }
  function ratio(a, b) { return b > 0 ? sprintf("%.1f", a / b) : "–" }
  { for (c = 3; c <= 6; c++) values[$1, $2, c] = values[$1, $2, c] " " $c }
  END {
    print "| run | wall s: Hugo | Lifthill | ratio | user+sys s: Hugo | Lifthill | ratio | peak RSS MiB: Hugo | Lifthill | ratio | files written: Hugo | Lifthill |"
    print "|---|---|---|---|---|---|---|---|---|---|---|---|"
    n = split("cold unchanged edited", runs, " ")
    for (r = 1; r <= n; r++) {
      printf "| %s", runs[r]
      for (c = 3; c <= 5; c++) {
        h = median("hugo", runs[r], c); l = median("lifthill", runs[r], c)
        format = c == 5 ? " | %.0f | %.0f | %s" : " | %.3f | %.3f | %s"
        if (c == 5) { h /= 1024; l /= 1024 }
        printf format, h, l, ratio(h, l)
      }
      printf " | %d | %d |\n", median("hugo", runs[r], 6), median("lifthill", runs[r], 6)
    }
  }' "$rows"
echo
echo "Floors: the Lifthill tree written bare with $threads threads $(of "$bare" seconds) s ($(of "$bare" cpu_seconds) s user+sys);"
echo "content and output looked at once, one thread, $(of "$walk" seconds) s."
