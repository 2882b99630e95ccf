// Holds a site with photographs to its word, behind Debian's nginx with the generated configuration:
//
//   node lighthouse.mjs LIFTHILL        LIFTHILL: the program
//
// 1. under a strict Content-Security-Policy no page of any kind does in Chromium what it forbids;
// 2. Lighthouse gives a park's page with photographs 100 for performance, accessibility, best practices
//    and SEO.
//
// The photographs are ImageMagick's clouds. Chromium is looked for at /usr/bin/chromium; the variable
// CHROMIUM names another. The exit code is 0 when everything passed, 1 when anything failed.

import { execFileSync, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";
import { chromium } from "playwright-core";

import { CHROMIUM, CHROMIUM_FLAGS } from "./chromium.mjs";
import { ended } from "./ended.mjs";

const LIFTHILL = path.resolve(process.argv[2] ?? "lifthill");
const FLAGS = ["--headless", ...CHROMIUM_FLAGS];
const BROTLI = "/usr/lib/nginx/modules/ngx_http_brotli_static_module.so";
const CATEGORIES = ["performance", "accessibility", "best-practices", "seo"];

// One page of each kind.
const PAGES = [
  "/",
  "/parks/",
  "/rides/",
  "/companies/",
  "/countries/",
  "/articles/",
  "/parks/linnaeus/",
  "/parks/linnaeus/rides/viper/",
  "/companies/walzwerk/",
  "/models/walzwerk/loop-300/",
  "/countries/se/",
  "/articles/heights/",
  "/404.html",
  "/nowhere",
];

let failed = 0;

function check(passed, message) {
  if (!passed) failed += 1;
  console.log(`${passed ? "passed" : "FAILED"}  ${message}`);
}

// --- The site

async function makeSite(folder, origin) {
  const files = {
    "lifthill.toml": `title = "Park guide"
base_url = "${origin}"
description = "Parks, their rides and the companies that build them."
[hosting]
files = ["nginx"]
[compress]
pages = true
[security]
policy = "strict"
`,
    "content/parks/linnaeus/index.md": `+++
name = "Linnaeus Park"
description = "A park in the woods, with two lakes and a coaster over each."
country = "SE"
opened = 1966
former_slugs = ["linne"]
+++
A park in the *woods*. It began as a garden and grew.
`,
    "content/parks/linnaeus/rides/viper.md": `+++
name = "Viper"
category = "roller_coaster"
opened = 1998
height_m = 32.0
length_m = 912.0
speed_kmh = 96.0
inversions = 3
manufacturers = ["walzwerk"]
model = "walzwerk/loop-300"
+++
Over the lake and back.
`,
    "content/companies/walzwerk.md": `+++\nname = "Walzwerk"\ncountry = "SE"\n+++\nBuilders.\n`,
    "content/models/walzwerk/loop-300.md": `+++\nname = "Loop 300"\ncategory = "roller_coaster"\n+++\nA loop.\n`,
    "content/articles/heights.md": `+++
title = "On heights"
date = 2026-01-01
+++
| ride | height |
|:-----|-------:|
| Viper | 32 m |
`,
  };
  const photos = ["lake", "gate", "garden", "viper"];
  files["content/parks/linnaeus/photos.toml"] = photos
    .map((name) => `[[photo]]\nfile = "${name}.jpg"\nalt = "The ${name} in the morning."\ncredit = "A visitor"\n`)
    .join("\n");
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
  await mkdir(path.join(folder, "content/parks/linnaeus/photos"), { recursive: true });
  photos.forEach((name, number) => {
    const file = path.join(folder, "content/parks/linnaeus/photos", `${name}.jpg`);
    const clouds = ["-size", "1600x1067", "-seed", String(number + 1), "plasma:fractal", "-blur", "0x1", "-quality", "90"];
    execFileSync("convert-im6.q16", [...clouds, file]);
  });
  execFileSync(LIFTHILL, ["build", "--root", folder], { stdio: ["ignore", "inherit", "inherit"] });
}

// --- Behind nginx

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function startNginx(folder, site, port) {
  await mkdir(folder);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
    .join(" ");
  const text = `load_module ${BROTLI};
daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
events {}
http {
  access_log off; ${temporary}
  include ${site}/.lifthill/hosting/nginx/http.conf;
  server { listen 127.0.0.1:${port}; root ${site}/output; include ${site}/.lifthill/hosting/nginx/server.conf; }
}
`;
  await writeFile(path.join(folder, "nginx.conf"), text);
  const nginx = spawn("nginx", ["-e", `${folder}/error.log`, "-c", `${folder}/nginx.conf`], { stdio: "inherit" });
  const answers = () =>
    new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => socket.end(() => resolve(true)));
      socket.on("error", () => resolve(false));
    });
  while (!(await answers())) {
    if (nginx.exitCode !== null) throw new Error("nginx does not run");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return nginx;
}

// --- 1. The policy

async function checkPolicy(origin) {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  const context = await browser.newContext();
  await context.addInitScript(() => {
    window.forbidden = [];
    document.addEventListener("securitypolicyviolation", (event) => {
      window.forbidden.push(`${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`);
    });
  });
  let photos = 0;
  for (const address of PAGES) {
    const tab = await context.newPage();
    const response = await tab.goto(origin + address, { waitUntil: "load" });
    check(response.headers()["content-security-policy"]?.includes("default-src 'none'"), `${address} has a policy`);
    await tab.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await tab.waitForFunction(() => [...document.images].every((image) => image.complete));
    const found = await tab.evaluate(() => ({
      forbidden: window.forbidden,
      styled: getComputedStyle(document.querySelector("h1")).fontWeight,
      photos: [...document.images].filter((image) => image.naturalWidth > 300).length,
      colour: document.querySelector(".toned > svg")?.getBoundingClientRect().width ?? 0,
    }));
    photos += found.colour > 100 ? found.photos : 0;
    check(found.forbidden.length === 0, `${address} does nothing forbidden${found.forbidden.map((one) => `\n        ${one}`)}`);
    // Without this the check above could not fail.
    const caught = await tab.evaluate(async () => {
      document.body.setAttribute("style", "color: red");
      await new Promise((resolve) => setTimeout(resolve, 0));
      return window.forbidden.length;
    });
    check(caught > 0, `${address} would be caught`);
    await tab.close();
  }
  check(photos >= 4, `${photos} photographs were seen, each over its colour`);
  await browser.close();
}

// --- 2. Lighthouse

async function checkLighthouse(address) {
  const chrome = await launch({ chromePath: CHROMIUM, chromeFlags: FLAGS });
  try {
    const result = await lighthouse(address, { port: chrome.port, onlyCategories: CATEGORIES, logLevel: "error" });
    for (const name of CATEGORIES) {
      const { score, auditRefs } = result.lhr.categories[name];
      const audits = auditRefs.filter(({ weight }) => weight > 0).map(({ id }) => result.lhr.audits[id]);
      const below = audits.filter((audit) => audit.score !== null && audit.score < 1);
      const told = below.map((audit) => `\n        ${audit.id}: ${audit.title} ${audit.displayValue ?? ""}`).join("");
      check(score === 1, `Lighthouse: ${Math.round(score * 100)} for ${name}${told}`);
    }
  } finally {
    await chrome.kill();
  }
}

async function main() {
  const around = await mkdtemp(path.join(tmpdir(), "lifthill-lighthouse-"));
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  let nginx;
  try {
    const site = path.join(around, "site");
    await makeSite(site, origin);
    nginx = await startNginx(path.join(around, "nginx"), site, port);
    await checkPolicy(origin);
    await checkLighthouse(`${origin}/parks/linnaeus/`);
  } finally {
    if (nginx) await ended(nginx);
    await rm(around, { recursive: true, force: true });
  }
  console.log(failed === 0 ? "all passed" : `${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

await main();
