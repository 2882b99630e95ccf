#!/usr/bin/env python3
"""From saving a file to the changed bytes being served, polled every 5 ms, and memory over many edits.

  watch.py SITE --program lifthill [--rounds 15] [--base-rounds 5] [--edits 2000]
  watch.py HUGO_SITE --hugo PROGRAM [--rounds 5]

SITE is a site of Lifthill's (benches/synth_site.rs writes one); HUGO_SITE has content/parks/<park>/rides/<ride>.md and
layouts/baseof.html. The edited ride is the same in every round: the first of the first park. Its body, its name
(a card: every page that lists it), and the base template are edited, and the ride's own page is polled. Lifthill is left alone
until it has taken its bearings. Files are put back afterwards. --edits saves so many bodies one after another and looks
at the resident memory before and after.
"""
import argparse, http.client, json, os, pathlib, re, signal, statistics, subprocess, time


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("site", type=pathlib.Path)
    parser.add_argument("--program")
    parser.add_argument("--hugo")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--base-rounds", type=int, default=5)
    parser.add_argument("--edits", type=int, default=0)
    parser.add_argument("--port", type=int, default=4310)
    wanted = parser.parse_args()
    site, port = wanted.site.resolve(), wanted.port
    ride = next(p for p in sorted((site / "content/parks").glob("*/rides/*.md")) if not p.name.startswith("_"))
    url = "/parks/%s/rides/%s/" % (ride.parent.parent.name, ride.stem)
    if wanted.program:
        command = [wanted.program, "serve", "--watch", "--port", str(port), "--root", str(site)]
        base = site / "templates/base.html"
        if not base.exists():
            base.parent.mkdir(exist_ok=True)
            theme = pathlib.Path(__file__).resolve().parent.parent / "templates/base.html"
            base.write_text(theme.read_text())
        mark_base = lambda text, mark: text.replace("</body>", "<i>%s</i></body>" % mark)
    else:
        command = [wanted.hugo, "server", "--port", str(port), "--disableLiveReload"]
        base = site / "layouts/baseof.html"
        mark_base = lambda text, mark: text.replace("</footer>", "<i>%s</i></footer>" % mark)
    kept = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def get():
        nonlocal kept
        try:
            kept.request("GET", url)
            answer = kept.getresponse()
            body = answer.read()
            return body if answer.status == 200 else b""
        except (OSError, http.client.HTTPException):
            kept.close()
            kept = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
            return b""

    def until(mark, start):
        while mark not in get():
            if time.monotonic() - start > 120:
                raise SystemExit("never served")
            time.sleep(0.005)
        return (time.monotonic() - start) * 1000

    start = time.monotonic()
    server = subprocess.Popen(command, cwd=site, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    memory = lambda: next(int(l.split()[1]) // 1024 for l in open("/proc/%d/status" % server.pid) if l.startswith("VmRSS"))
    result = {"site": site.name, "first_page_ms": round(until(b"<h1", start))}
    try:
        quiet = 0
        while quiet < 8:  # seconds without work
            before = cpu(server.pid)
            time.sleep(1)
            quiet = quiet + 1 if cpu(server.pid) - before < 3 else 0
        result["memory_mib"] = memory()

        def rounds(name, path, change, count):
            old, times = path.read_text(), []
            try:
                for number in range(count):
                    mark = "mark%s%dx%d" % (name, number, os.getpid())
                    text = change(old, mark)
                    began = time.monotonic()
                    path.write_text(text)
                    times.append(until(mark.encode(), began))
                    time.sleep(max(0.3, min(times[-1] / 250, 30)))
            finally:
                path.write_text(old)
                time.sleep(max(1.0, min(max(times or [0]) / 250, 30)))
            result[name] = {"median": round(statistics.median(times), 1), "min": round(min(times), 1), "max": round(max(times), 1), "n": count}

        rounds("body", ride, lambda text, mark: text + "\n%s.\n" % mark, wanted.rounds)
        if wanted.program:
            name = re.compile(r'^name = .*$', re.M)
            rounds("card", ride, lambda text, mark: name.sub('name = "%s"' % mark, text, count=1), wanted.rounds)
        if wanted.base_rounds:
            rounds("base", base, mark_base, wanted.base_rounds)
        if wanted.edits:
            time.sleep(10)
            old = ride.read_text()
            for number in range(wanted.edits):
                if number == wanted.edits // 10:
                    result["memory_after_a_tenth_mib"] = memory()
                ride.write_text(old + "\nedit %d.\n" % number)
                until(b"edit %d." % number, time.monotonic())
            result["memory_after_%d_edits_mib" % wanted.edits] = memory()
            ride.write_text(old)
    finally:
        print(json.dumps(result), flush=True)
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(120)


def cpu(pid):
    """Ticks of processor time."""
    fields = open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


if __name__ == "__main__":
    main()
