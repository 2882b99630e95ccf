#!/usr/bin/env python3
"""Photos to WebP: Lifthill, Pillow and sharp on the same photographs, in turns.

  photos.py WORK --program lifthill [--sharp NODE_FOLDER] [--photos 200] [--rounds 1]

Works in WORK/200 (a folder for each number of photos; photos of an earlier run are taken as they are). NODE_FOLDER holds
node_modules/sharp (`npm install sharp`). Needs Pillow and numpy. Every photo of 3000x2000 pixels (textured, 1 to 3 MB as JPEG; the
same in every run) becomes a WebP of quality 85 and method 6 in full size and in the boxes 800x600 and 400x300, on two cores: Lifthill
as a site of one park with so many photos, Pillow in two processes, sharp with two at a time. Prints seconds, seconds of both cores
(which tell more where others work on the machine too), photos a second, bytes made and peak memory (of Pillow: of one process).
"""
import argparse, json, os, pathlib, resource, shutil, subprocess, sys, time

BOXES = ((800, 600), (400, 300))


def photo(path, number):
    """A picture with what photographs have: large shapes, texture of every scale, noise of a sensor."""
    import numpy as np
    from PIL import Image
    dice = np.random.default_rng(number)
    height, width = 2000, 3000
    picture = np.zeros((height, width, 3), np.float32)
    for scale, weight in ((8, 70), (32, 40), (128, 22), (500, 12), (1500, 9)):
        grid = dice.standard_normal((scale * 2 // 3 + 2, scale + 2, 3)).astype(np.float32)
        layers = [Image.fromarray(grid[:, :, at]).resize((width, height), Image.BICUBIC) for at in range(3)]
        gray = np.asarray(layers[0])
        # Colours change together more often than apart.
        picture += weight * np.stack([gray * 0.75 + 0.25 * np.asarray(layer) for layer in layers], axis=2)
    picture += dice.standard_normal((height, width, 1)).astype(np.float32) * 2.5
    # Whole or not at all: a later run takes what is there.
    part = path.with_suffix(".part")
    Image.fromarray(np.clip(picture + 120, 0, 255).astype(np.uint8)).save(part, "JPEG", quality=88, subsampling=2)
    part.rename(path)


def with_pillow(job):
    from PIL import Image, ImageOps
    source, out = job
    picture = ImageOps.exif_transpose(Image.open(source)).convert("RGB")
    picture.save(out + ".webp", quality=85, method=6)
    for box in BOXES:
        small = picture.copy()
        small.thumbnail(box, Image.LANCZOS)
        small.save("%s-%d.webp" % (out, box[0]), quality=85, method=6)


def pillow(photos, out):
    import multiprocessing
    with multiprocessing.Pool(2) as pool:
        pool.map(with_pillow, [(str(path), str(out / path.stem)) for path in photos], chunksize=1)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss


SHARP = """
const sharp = require("sharp"), fs = require("fs"), path = require("path");
const [photos, out] = process.argv.slice(-2);
sharp.concurrency(1); sharp.cache(false);
const names = fs.readdirSync(photos).sort();
const one = async (name) => {
  const source = sharp(path.join(photos, name)).rotate(), stem = path.join(out, path.parse(name).name);
  const webp = { quality: 85, effort: 6 };
  await source.clone().webp(webp).toFile(stem + ".webp");
  for (const [width, height] of [[800, 600], [400, 300]])
    await source.clone().resize(width, height, { fit: "inside", withoutEnlargement: true }).webp(webp).toFile(`${stem}-${width}.webp`);
};
const worker = async () => { for (let name; (name = names.shift()); ) await one(name); };
Promise.all([worker(), worker()]);
"""


def timed(command, **more):
    start = time.monotonic()
    done = subprocess.run(["/usr/bin/time", "-f", "%U %S %M", *command], stderr=subprocess.PIPE, text=True, **more)
    if done.returncode:
        sys.exit(done.stderr)
    user, system, memory = done.stderr.split()[-3:]
    return time.monotonic() - start, float(user) + float(system), int(memory)


def bytes_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*.webp"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--program", required=True)
    parser.add_argument("--sharp", type=pathlib.Path)
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--pillow", nargs=2, type=pathlib.Path, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.pillow:
        pillow(sorted(wanted.pillow[0].iterdir()), wanted.pillow[1])
        return
    work = wanted.work.resolve() / str(wanted.photos)
    park = work / "site/content/parks/park"
    photos = park / "photos"
    photos.mkdir(parents=True, exist_ok=True)
    wished = {photos / ("photo-%03d.jpg" % number): number for number in range(wanted.photos)}
    missing = [(path, number) for path, number in wished.items() if not path.exists()]
    import multiprocessing
    with multiprocessing.Pool(2) as pool:
        pool.starmap(photo, missing)
    names = sorted(path.name for path in wished)
    (park / "index.md").write_text('+++\nname = "Park"\n+++\n')
    (park / "photos.toml").write_text("".join("[[photo]]\nfile = '%s'\nalt = 'A photo.'\n" % name for name in names))
    sizes = [path.stat().st_size for path in photos.iterdir()]
    print("%d photos of %.1f to %.1f MB" % (len(sizes), min(sizes) / 1e6, max(sizes) / 1e6))
    rows = []
    for number in range(wanted.rounds):
        site = work / "site"
        for old in (".lifthill", "output"):
            shutil.rmtree(site / old, ignore_errors=True)
        seconds, cpu, memory = timed([wanted.program, "build", "--jobs", "2", "--root", str(site)], stdout=subprocess.DEVNULL)
        rows.append(("Lifthill", seconds, cpu, bytes_of(site / "output"), memory))
        again, cpu_again, _ = timed([wanted.program, "build", "--jobs", "2", "--root", str(site)], stdout=subprocess.DEVNULL)
        rows.append(("Lifthill again", again, cpu_again, 0, memory))
        out = work / "pillow"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        seconds, cpu, memory = timed([sys.executable, __file__, str(work), "--program", "-", "--pillow", str(photos), str(out)])
        rows.append(("Pillow", seconds, cpu, bytes_of(out), memory))
        if wanted.sharp:
            out = work / "sharp"
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir()
            command = ["node", "-e", SHARP, "--", str(photos), str(out)]
            seconds, cpu, memory = timed(command, cwd=wanted.sharp, env={**os.environ, "VIPS_CONCURRENCY": "1"})
            rows.append(("sharp", seconds, cpu, bytes_of(out), memory))
    print("| | s | CPU s | photos/s | MB made | peak MB |\n|---|---|---|---|---|---|")
    for name, seconds, cpu, made, memory in rows:
        print("| %s | %.1f | %.1f | %.2f | %.2f | %d |" % (name, seconds, cpu, len(sizes) / seconds, made / 1e6, memory / 1024))


if __name__ == "__main__":
    main()
