#!/usr/bin/env python3
"""Compressing text: Lifthill and WhiteNoise on the same files.

  compress.py WORK --program lifthill --from FOLDER [--from FOLDER ...] [--megabytes 40]

Takes html, css, js and svg files from the folders (a built site, node_modules) until there are so many megabytes, and makes .gz and
.br files beside them: Lifthill as the assets of a site, WhiteNoise by `python -m whitenoise.compress` (needs whitenoise and brotli).
Both only keep what gains. Prints seconds, seconds of both cores and bytes; then Lifthill once more with nothing to do.
"""
import argparse, hashlib, pathlib, re, subprocess, sys, time

KINDS = {".html", ".css", ".js", ".svg"}


# What refers to other files would be rewritten, or be missing.
REFERS = re.compile(rb"""url\((?!["']?(data:|#))|@import|sourceMappingURL|(import|from|require)\s*\(?\s*["']\.""")


def timed(command):
    start = time.monotonic()
    done = subprocess.run(["/usr/bin/time", "-f", "%U %S %M", *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    user, system, memory = done.stderr.split()[-3:]
    return time.monotonic() - start, float(user) + float(system), int(memory)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--program", required=True)
    parser.add_argument("--from", dest="folders", type=pathlib.Path, action="append", required=True)
    parser.add_argument("--megabytes", type=float, default=40)
    wanted = parser.parse_args()
    site, theirs = wanted.work.resolve() / "site", wanted.work.resolve() / "theirs"
    (site / "content").mkdir(parents=True)
    (site / "assets").mkdir()
    theirs.mkdir()
    # Both compress the same bytes: files called .min. are not minified by Lifthill.
    (site / "lifthill.toml").write_text('[compress]\nassets = ["br", "gzip"]\n')
    seen, total, kinds = set(), 0, {}
    candidates = [path for folder in wanted.folders for path in sorted(folder.rglob("*")) if path.suffix in KINDS and path.is_file()]
    for path in sorted(candidates, key=lambda path: hashlib.sha256(str(path.relative_to(path.anchor)).encode()).digest()):
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()[:20]
        # Smaller files are left alone by Lifthill; so that both do the same work, none are taken.
        if digest in seen or len(data) < 1024 or total >= wanted.megabytes * 1e6 or len(data) > 2e6 or REFERS.search(data):
            continue
        seen.add(digest)
        total += len(data)
        kinds[path.suffix] = kinds.get(path.suffix, 0) + len(data)
        # Nothing refers to anything here, and nobody rewrites it.
        name = digest + ".min" + path.suffix
        for folder in (site / "assets", theirs):
            (folder / name).write_bytes(data)
    print("%d files, %.1f MB: %s" % (len(seen), total / 1e6, ", ".join("%s %.1f" % (k, v / 1e6) for k, v in sorted(kinds.items()))))
    ours = [wanted.program, "build", "--jobs", "2", "--root", str(site)]
    rows = [("Lifthill", *timed(ours), site / "output/assets")]
    rows.append(("WhiteNoise", *timed([sys.executable, "-m", "whitenoise.compress", "-q", str(theirs)]), theirs))
    rows.append(("Lifthill again", *timed(ours), site / "output/assets"))
    print("| | s | CPU s | peak MB | .br files | MB | .gz files | MB |\n|---|---|---|---|---|---|---|---|")
    for name, seconds, cpu, memory, folder in rows:
        cells = []
        for ending in (".br", ".gz"):
            made = [path for path in folder.glob("*" + ending) if ".min" in path.name]
            cells += ["%d" % len(made), "%.2f" % (sum(path.stat().st_size for path in made) / 1e6)]
        print("| %s | %.1f | %.1f | %d | %s |" % (name, seconds, cpu, memory / 1024, " | ".join(cells)))


if __name__ == "__main__":
    main()
