// Checks `lifthill serve --watch` in a browser:
//
//   node live.mjs PROGRAM
//
// Serves a small site of its own in a temporary folder and edits it: the open page changes in place
// (scroll, open details and typed text stay), stylesheets are swapped without a reload, mistakes lie over the last good
// page and can be read (by the colours that the browser works out; no request fails), under a strict policy and under none,
// a page that goes says so, and of two tabs only the one that shows a change hears of it.
//
// Chromium is looked for at /usr/bin/chromium; the variable CHROMIUM names another. The exit code is
// 0 when everything passed, 1 when anything failed.

import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { chromium } from "playwright-core";

import { CHROMIUM, CHROMIUM_FLAGS } from "./chromium.mjs";
import { ended } from "./ended.mjs";

const PROGRAM = path.resolve(process.argv[2] ?? "lifthill");
const PATIENCE = 20_000;

const site = await mkdtemp(path.join(os.tmpdir(), "lifthill-live-"));
const write = async (file, text) => {
  await mkdir(path.dirname(path.join(site, file)), { recursive: true });
  await writeFile(path.join(site, file), text);
};
const PYTHON = "content/parks/efteling/rides/python.md";
const prose = (word) => `+++\nname = "Python"\ncategory = "roller_coaster"\n+++\n\n${`A ${word} sentence about four inversions.\n\n`.repeat(80)}`;
// The theme's own templates, with something in them to look for.
const theme = (file) => readFile(path.join(import.meta.dirname, "../../templates", file), "utf8");
const BASE = (await theme("base.html"))
  .replace("</head>", "<link rel=\"stylesheet\" href=\"{{ asset(path='css/own.css') }}\">\n</head>")
  .replace("<body>", '<body>\n<details id="own"><summary>More</summary><p>Folded.</p></details><input id="typed" aria-label="typed">');
const RIDE = (await theme("ride.html")).replace("{% block main %}", '{% block main %}<p id="mark">marked</p>');

await write("lifthill.toml", 'title = "Parks"\nbase_url = "https://parks.example"\n[security]\npolicy = "strict"\n');
await write("content/parks/efteling/index.md", '+++\nname = "Efteling"\n+++\n\nA park.\n');
await write(PYTHON, prose("first"));
await write("content/parks/efteling/rides/baron.md", '+++\nname = "Baron"\ncategory = "roller_coaster"\n+++\n\nA dive.\n');
await write("assets/css/own.css", "main { color: rgb(1, 2, 3); }\n");
await write("templates/base.html", BASE);

const server = spawn(PROGRAM, ["serve", "--watch", "--port", "0", "--root", site], { stdio: ["ignore", "ignore", "pipe"] });
let said = "";
const address = await new Promise((done, failed) => {
  const timer = setTimeout(() => failed(new Error(`the server does not start:\n${said}`)), PATIENCE);
  server.stderr.on("data", (data) => {
    said += data;
    const found = said.match(/Serving (http:\/\/[^/]+)\//);
    if (found && said.includes(" pages: ")) {
      clearTimeout(timer);
      done(found[1]);
    }
  });
});

let failed = 0;
let passed = 0;
const check = async (name, story) => {
  try {
    await story();
    passed += 1;
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}  ${error.message.split("\n").slice(0, 6).join("\n        ")}`);
  }
};
const equal = (found, expected, what) => {
  if (JSON.stringify(found) !== JSON.stringify(expected)) throw new Error(`${what}: ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`);
};
const until = (page, expression, argument) => page.waitForFunction(expression, argument, { timeout: PATIENCE });
// The overlay's text; null where there is none. The overlay is a frame without scripts, so its text is asked for here.
const overlay = async (page) => {
  const there = await page.evaluate(() => {
    const layer = document.querySelector("lifthill-live").shadowRoot.querySelector(".overlay");
    return !layer.hidden && layer.querySelector("iframe") !== null;
  });
  const frame = page.frames().find((one) => one.url().includes("/__lifthill/overlay"));
  if (!there || !frame) return null;
  const text = await frame.locator("main").innerText({ timeout: 2000 }).catch(() => "");
  return text;
};
const overlaySays = async (page, words) => {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const text = await overlay(page);
    if (words === null ? text === null : text?.includes(words)) return text;
    if (Date.now() > end) throw new Error(`the overlay never said ${words}, but ${text}`);
    await new Promise((done) => setTimeout(done, 20));
  }
};

// What the browser makes of the overlay's styles, by element.
const looks = async (page) => {
  const frame = page.frames().find((one) => one.url().includes("/__lifthill/overlay"));
  const of = (selector, name) => frame.locator(selector).first().evaluate((one, of) => getComputedStyle(one)[of], name);
  return {
    background: await of("html", "backgroundColor"), text: await of("body", "color"), title: await of("h1", "color"),
    place: await of(".place", "color"), excerpt: await of("pre", "backgroundColor"), meant: await of("mark", "color"),
    help: await of(".help", "color"),
  };
};
const LOOKS = {
  background: "rgb(27, 27, 32)", text: "rgb(232, 232, 234)", title: "rgb(255, 138, 128)", place: "rgb(176, 176, 184)",
  excerpt: "rgb(16, 16, 20)", meant: "rgb(255, 180, 171)", help: "rgb(165, 214, 167)",
};

// A request that failed for some other reason than that its page or frame had gone.
const isOurs = (request) => request.failure().errorText !== "net::ERR_ABORTED";
const failure = (request) => `${request.url()} ${request.failure().errorText}`;

const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_FLAGS });
try {
  const page = await browser.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (said) => { if (said.type() === "error") problems.push(said.text()); });
  page.on("requestfailed", (request) => { if (isOurs(request)) problems.push(failure(request)); });
  await page.goto(`${address}/parks/efteling/rides/python/`);
  await until(page, () => document.querySelector("lifthill-live") !== null);
  await page.evaluate(() => { window.sameDocument = true; });

  await check("an edit changes the page in place", async () => {
    await page.evaluate(() => {
      document.querySelector("#own").open = true;
      document.querySelector("#typed").value = "typed";
      window.scrollTo(0, 600);
    });
    await write(PYTHON, prose("second"));
    await until(page, () => document.querySelector("main").innerText.includes("A second sentence"));
    equal(await page.evaluate(() => [window.sameDocument, document.querySelector("#own").open,
      document.querySelector("#typed").value, Math.round(window.scrollY)]), [true, true, "typed", 600], "what should stay");
  });

  await check("a stylesheet is swapped without a reload", async () => {
    await write("assets/css/own.css", "main { color: rgb(9, 8, 7); }\n");
    await until(page, () => getComputedStyle(document.querySelector("main")).color === "rgb(9, 8, 7)");
    await until(page, () => document.querySelectorAll('link[rel="stylesheet"]').length === 2);
    equal(await page.evaluate(() => [window.sameDocument, Math.round(window.scrollY)]), [true, 600], "what should stay");
  });

  await check("a base template changes the open page", async () => {
    await write("templates/base.html", BASE.replace("Folded.", "Unfolded."));
    await until(page, () => document.querySelector("#own").innerText.includes("Unfolded."));
    equal(await page.evaluate(() => window.sameDocument), true, "the same document");
  });

  await check("a mistake lies over the page with its line, and goes when mended", async () => {
    await write(PYTHON, prose("third").replace("category", "categry"));
    const text = await overlaySays(page, "unknown key `categry`");
    for (const words of [`${PYTHON}:3:1`, "did you mean `category`?"]) if (!text.includes(words)) throw new Error(`no ${words} in ${text}`);
    equal(await page.evaluate(() => document.querySelector("main").innerText.includes("A second sentence")), true, "the last good page beneath");
    equal(await looks(page), LOOKS, "colours of the overlay");
    equal(problems, [], "what went wrong in showing it");
    if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
    await write(PYTHON, prose("third"));
    await overlaySays(page, null);
    await until(page, () => document.querySelector("main").innerText.includes("A third sentence"));
  });

  await check("a mistake in a template lies over the page", async () => {
    await write("templates/ride.html", "{% if %}");
    await overlaySays(page, "templates");
    await write("templates/ride.html", RIDE);
    await overlaySays(page, null);
    await until(page, () => document.querySelector("#mark")?.innerText === "marked");
  });

  await check("text of a mistake is never markup", async () => {
    await write(PYTHON, prose("third").replace("category", "\"<img src=x onerror=alert(1)>\""));
    await overlaySays(page, "<img src=x");
    const frame = page.frames().find((one) => one.url().includes("/__lifthill/overlay"));
    equal(await frame.locator("img").count(), 0, "pictures in the overlay");
    await write(PYTHON, prose("third"));
    await overlaySays(page, null);
  });

  await check("the overlay can be read whatever the site says in its headers", async () => {
    const settings = 'title = "Parks"\nbase_url = "https://parks.example"\n';
    const headers = '[headers."/**"]\n"Cross-Origin-Embedder-Policy" = "require-corp"\n"Cross-Origin-Opener-Policy" = "same-origin"\n';
    for (const more of ["", headers]) {
      await write("lifthill.toml", settings + more);
      await write(PYTHON, prose("third").replace("category", "categry"));
      const other = await browser.newPage();
      const failures = [];
      other.on("requestfailed", (request) => { if (isOurs(request)) failures.push(failure(request)); });
      await other.goto(`${address}/parks/efteling/rides/baron/`);
      await overlaySays(other, "unknown key `categry`");
      equal(await looks(other), LOOKS, `colours under ${more || "no policy"}`);
      equal(failures, [], "failed requests");
      await other.close();
      await write(PYTHON, prose("third"));
      await overlaySays(page, null);
    }
  });

  await check("of two tabs only the one that shows the change hears of it", async () => {
    const other = await browser.newPage();
    await other.goto(`${address}/parks/efteling/rides/baron/`);
    await until(other, () => document.querySelector("lifthill-live") !== null);
    await other.evaluate(() => {
      window.morphs = 0;
      document.addEventListener("lifthill:morphed", () => { window.morphs += 1; });
    });
    await write(PYTHON, prose("fourth"));
    await until(page, () => document.querySelector("main").innerText.includes("A fourth sentence"));
    // The panel of the other has heard of the build, and that was all.
    await until(other, () => document.querySelector("lifthill-live").shadowRoot.querySelector("summary").textContent.includes("/rides/python/"));
    equal(await other.evaluate(() => window.morphs), 0, "morphs of the other tab");
    await other.close();
  });

  await check("the panel says what was built and why", async () => {
    const text = await page.evaluate(() => document.querySelector("lifthill-live").shadowRoot.querySelector(".panel").textContent);
    for (const words of ["/parks/efteling/rides/python/", " ms", "record ride:efteling/python"]) if (!text.includes(words)) throw new Error(`no ${words} in ${text}`);
  });

  await check("a page that goes says so, and comes back", async () => {
    const text = await readFile(path.join(site, PYTHON));
    await rm(path.join(site, PYTHON));
    await overlaySays(page, "404");
    await writeFile(path.join(site, PYTHON), text);
    await overlaySays(page, null);
  });

  equal(problems, [], "errors in the page");
} finally {
  await browser.close();
  await ended(server);
  await rm(site, { recursive: true, force: true });
}
console.log(`live reload: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
