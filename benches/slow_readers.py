#!/usr/bin/env python3
"""Memory and honest requests while others take nothing of what they asked for.

  slow_readers.py SITE --program lifthill [--readers 2000] [--seconds 20] [--watch]

SITE is a built site (benches/synth_site.rs writes one; `lifthill build` builds it). Its largest files below 2 MB and its
pages are asked for by so many connections that never read, and one more sends requests for a page ahead as fast as
they are taken. Meanwhile a page is asked for every 50 ms on a new connection. Printed: the server's resident memory
before and at most, the honest requests' times, and how many failed. Raise `ulimit -n` for many readers.
"""
import argparse, http.client, pathlib, re, resource, socket, statistics, subprocess, threading, time


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("site", type=pathlib.Path)
    parser.add_argument("--program", required=True)
    parser.add_argument("--readers", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--watch", action="store_true")
    wanted = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, wanted.readers * 3 + 500)), hard))
    output = wanted.site / "output"
    files = [(p.stat().st_size, p) for p in output.rglob("*") if p.is_file() and p.suffix not in (".gz", ".br", ".zst")]
    files = [(size, "/" + str(p.relative_to(output)).replace("index.html", "")) for size, p in files if size < 2 << 20]
    files = [path for _, path in sorted(files, reverse=True) if " " not in path][: wanted.readers]
    page = next(path for path in files if path.endswith("/"))
    command = [wanted.program, "serve", "--port", "0", "--root", str(wanted.site)] + (["--watch"] if wanted.watch else [])
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    port, said = None, ""
    while " pages: " not in said:
        said = server.stderr.readline()
        found = re.search(r"Serving http://127.0.0.1:(\d+)/", said)
        port = int(found.group(1)) if found else port
    threading.Thread(target=server.stderr.read, daemon=True).start()
    memory = lambda name: int(re.search(name + r":\s+(\d+)", open("/proc/%d/status" % server.pid).read()).group(1)) / 1024
    # What the first build took at most is not asked for: 5 begins the peak anew.
    open("/proc/%d/clear_refs" % server.pid, "w").write("5")
    before, times, failed, peak = memory("VmRSS"), [], 0, 0
    done = threading.Event()

    def connect():
        made = socket.create_connection(("127.0.0.1", port))
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        return made

    def greedy():
        stream = connect()
        stream.settimeout(1)
        request = ("GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % page).encode() * 1000
        while not done.is_set():
            try:
                stream.send(request)
            except socket.timeout:
                pass
            except OSError:
                stream = connect()
                stream.settimeout(1)

    threading.Thread(target=greedy, daemon=True).start()
    slow = []
    start = time.monotonic()
    while time.monotonic() - start < wanted.seconds:
        for number in range(len(slow), min(len(slow) + 100, wanted.readers)):
            reader = connect()
            reader.sendall(("GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % files[number % len(files)]).encode())
            slow.append(reader)
        asked = time.monotonic()
        try:
            honest = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            honest.request("GET", page)
            failed += honest.getresponse().read() == b""
            honest.close()
            times.append((time.monotonic() - asked) * 1000)
        except (OSError, http.client.HTTPException):
            failed += 1
        peak = max(peak, memory("VmHWM"))
        time.sleep(0.05)
    done.set()
    server.terminate()
    server.wait()
    times.sort()
    print("%d slow readers of %d files, one greedy" % (len(slow), len(set(files))))
    print("memory: %.0f MiB before, %.0f at most" % (before, peak))
    print("honest requests: %d, median %.1f ms, longest %.1f ms, %d failed" % (len(times), statistics.median(times), times[-1], failed))


main()
