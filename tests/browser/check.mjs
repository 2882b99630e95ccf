// Checks a built site the way a visitor meets it:
//
//   node check.mjs [OUTPUT]        OUTPUT: the built site's folder, ../../output where left out
//
// 1. every page is valid HTML (html-validate, with the rules of .htmlvalidate.json);
// 2. every link and resource that points into the site leads to a file, every fragment to an element;
// 3. the fullest page of each kind works in Chromium, on a phone and on a desktop: nothing wider than
//    the window, one heading, the stylesheet applied, no errors, nothing loaded from elsewhere.
//
// Chromium is looked for at /usr/bin/chromium; the variable CHROMIUM names another. The exit code is
// 0 when everything passed, 1 when anything failed.

import { createServer } from "node:http";
import { readFile, readdir, stat } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { HtmlValidate, StaticConfigLoader } from "html-validate";
import { chromium } from "playwright-core";

import { CHROMIUM, CHROMIUM_FLAGS } from "./chromium.mjs";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const OUTPUT = path.resolve(process.argv[2] ?? path.join(HERE, "../../output"));

const SIZES = [
  { name: "phone", width: 390, height: 844 },
  { name: "desktop", width: 1280, height: 900 },
];

// The kinds of page opened in the browser, by their addresses.
const KINDS = [
  { name: "home", pattern: /^\/$/ },
  { name: "parks", pattern: /^\/parks\/$/ },
  { name: "park", pattern: /^\/parks\/[^/]+\/$/ },
  { name: "ride", pattern: /^\/parks\/[^/]+\/rides\/[^/]+\/$/ },
  { name: "company", pattern: /^\/companies\/(?!page\/)[^/]+\/$/ },
  { name: "article", pattern: /^\/articles\/(?!page\/)[^/]+\/$/ },
  { name: "404", pattern: /^\/404\.html$/ },
];

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".xml": "application/xml",
  ".txt": "text/plain; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".gif": "image/gif",
  ".webp": "image/webp",
  ".avif": "image/avif",
  ".woff2": "font/woff2",
};

const results = { passed: 0, failed: 0 };

// Counts one check; a failed one says where and what.
function check(passed, where, message) {
  if (passed) {
    results.passed += 1;
  } else {
    results.failed += 1;
    console.log(`FAILED  ${where}  ${message}`);
  }
}

// --- The site on disk

// The site's files as a set of addresses: "/index.html", "/parks/efteling/index.html".
async function filesOf(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return new Set(files.map((file) => addressOf(folder, path.join(file.parentPath, file.name))));
}

function addressOf(folder, file) {
  return "/" + path.relative(folder, file).split(path.sep).join("/");
}

// The pages: [{ file, url, text }], in a fixed order.
async function pagesOf(files) {
  const pages = [];
  for (const file of [...files].filter((file) => file.endsWith(".html")).sort()) {
    const text = await readFile(path.join(OUTPUT, file), "utf8");
    pages.push({ file, url: file.replace(/(?<=\/)index\.html$/, ""), text });
  }
  return pages;
}

// --- 1. Valid HTML

async function checkMarkup(pages) {
  const config = JSON.parse(await readFile(path.join(HERE, ".htmlvalidate.json"), "utf8"));
  const validator = new HtmlValidate(new StaticConfigLoader(config));
  for (const page of pages) {
    const report = await validator.validateString(page.text, page.file);
    const messages = report.results.flatMap((result) => result.messages);
    check(messages.length === 0, page.url, messages.map(describe).join("\n        "));
  }
}

function describe({ line, column, ruleId, message }) {
  return `${line}:${column} ${message} (${ruleId})`;
}

// --- 2. Links

const TAG = /<[a-z](?:"[^"]*"|'[^']*'|[^'">])*>/gi;
const REFERENCE = /\s(?:href|src)=(?:"([^"]*)"|'([^']*)'|([^\s>]+))/gi;
const ID = /\sid=(?:"([^"]*)"|'([^']*)'|([^\s>]+))/gi;

function attributes(text, pattern) {
  const tags = text.match(TAG) ?? [];
  return tags.flatMap((tag) => [...tag.matchAll(pattern)].map((found) => unescape(found[1] ?? found[2] ?? found[3])));
}

function unescape(value) {
  const names = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
  return value
    .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(code))
    .replace(/&#x([\da-f]+);/gi, (_, code) => String.fromCodePoint(parseInt(code, 16)))
    .replace(/&(amp|lt|gt|quot|apos);/g, (_, name) => names[name]);
}

function checkLinks(pages, files) {
  const origin = originOf(pages);
  const ids = new Map(pages.map((page) => [page.file, new Set(attributes(page.text, ID))]));
  for (const page of pages) {
    const references = new Set(attributes(page.text, REFERENCE));
    const broken = [...references].filter((reference) => !leadsSomewhere(reference, page, { origin, files, ids }));
    check(broken.length === 0, page.url, `leads nowhere: ${broken.join(", ")}`);
  }
}

// The origin that the site is built for, from the front page's canonical link.
function originOf(pages) {
  const home = pages.find((page) => page.url === "/");
  const link = home?.text.match(TAG)?.find((tag) => /\srel="?canonical\b/.test(tag));
  return link ? new URL(attributes(link, REFERENCE)[0]).origin : "http://site.invalid";
}

function leadsSomewhere(reference, page, { origin, files, ids }) {
  if (!URL.canParse(reference, origin + page.url)) return false;
  const target = new URL(reference, origin + page.url);
  if (target.origin !== origin) return true;
  const file = fileFor(decodeURIComponent(target.pathname));
  if (!files.has(file)) return false;
  const fragment = decodeURIComponent(target.hash.slice(1));
  return fragment === "" || !ids.has(file) || ids.get(file).has(fragment);
}

function fileFor(address) {
  return address.endsWith("/") ? `${address}index.html` : address;
}

// --- 3. In the browser

// Serves the built site on a free port.
async function serve() {
  const server = createServer(async (request, response) => {
    const file = fileFor(decodeURIComponent(new URL(request.url, "http://site.invalid").pathname));
    try {
      const body = await readFile(path.join(OUTPUT, file));
      response.writeHead(200, { "content-type": TYPES[path.extname(file)] ?? "application/octet-stream" }).end(body);
    } catch {
      response.writeHead(404, { "content-type": "text/plain" }).end("not found");
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

async function checkInBrowser(pages) {
  const server = await serve();
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: CHROMIUM_FLAGS,
  });
  try {
    for (const size of SIZES) {
      const context = await browser.newContext({ viewport: { width: size.width, height: size.height } });
      const plainFont = await fontOf(await context.newPage());
      for (const page of fullest(pages)) {
        await checkPage(context, server.origin, page, `${page.url} (${size.name})`, plainFont);
      }
      await checkNavigation(context, server.origin, `main navigation (${size.name})`);
      await context.close();
    }
  } finally {
    await browser.close();
    server.close();
  }
}

// The longest page of each kind: the likeliest to go wrong.
function fullest(pages) {
  return KINDS.map(({ name, pattern }) => {
    const candidates = pages.filter((page) => pattern.test(page.url));
    check(candidates.length > 0, name, "the site has no such page");
    return candidates.reduce((best, page) => (best && best.text.length >= page.text.length ? best : page), undefined);
  }).filter(Boolean);
}

function fontOf(tab) {
  return tab.evaluate(() => getComputedStyle(document.body).fontFamily);
}

async function checkPage(context, origin, page, where, plainFont) {
  const tab = await context.newPage();
  const troubles = watch(tab, origin);
  await tab.goto(origin + page.url, { waitUntil: "networkidle" });
  const { scrollWidth, clientWidth, headings } = await tab.evaluate(() => ({
    scrollWidth: document.documentElement.scrollWidth,
    clientWidth: document.documentElement.clientWidth,
    headings: document.querySelectorAll("h1").length,
  }));
  check(scrollWidth <= clientWidth, where, `is ${scrollWidth} px wide in a window of ${clientWidth} px`);
  check(headings === 1, where, `has ${headings} h1`);
  check((await fontOf(tab)) !== plainFont, where, "is without its stylesheet");
  check(troubles.length === 0, where, troubles.join("\n        "));
  await tab.close();
}

// Collects what goes wrong while a tab is open: errors, failed requests, requests to elsewhere.
function watch(tab, origin) {
  const troubles = [];
  tab.on("console", (message) => message.type() === "error" && troubles.push(`console: ${message.text()}`));
  tab.on("pageerror", (error) => troubles.push(`script: ${error.message}`));
  tab.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.origin !== origin) troubles.push(`loads from elsewhere: ${url}`);
  });
  tab.on("requestfailed", (request) => troubles.push(`failed: ${request.url()}`));
  tab.on("response", (response) => {
    if (response.status() >= 400) troubles.push(`${response.status()}: ${response.url()}`);
  });
  return troubles;
}

// Clicks every link of the main navigation, starting from the front page each time.
async function checkNavigation(context, origin, where) {
  const tab = await context.newPage();
  const links = () => tab.locator("header nav a");
  await tab.goto(`${origin}/`);
  const count = await links().count();
  check(count > 0, where, "has no links");
  for (let index = 0; index < count; index += 1) {
    await tab.goto(`${origin}/`);
    const link = links().nth(index);
    const target = new URL(await link.getAttribute("href"), origin).href;
    const [response] = await Promise.all([tab.waitForResponse(target), link.click()]);
    await tab.waitForURL(target);
    check(response.ok(), where, `${target} answers ${response.status()}`);
    if (!response.ok()) continue;
    const marked = await links().nth(index).getAttribute("aria-current");
    check(marked === "page", where, `${target} does not mark its own link`);
  }
  await tab.close();
}

// --- All of it

async function main() {
  if (!(await stat(OUTPUT).catch(() => null))?.isDirectory()) {
    console.error(`There is no built site at ${OUTPUT}: run "lifthill build" first, or name the folder.`);
    process.exit(2);
  }
  const files = await filesOf(OUTPUT);
  const pages = await pagesOf(files);
  console.log(`${pages.length} pages: markup`);
  await checkMarkup(pages);
  console.log(`${pages.length} pages: links`);
  checkLinks(pages, files);
  console.log("browser");
  await checkInBrowser(pages);
  console.log(`${results.passed} passed, ${results.failed} failed`);
  process.exitCode = results.failed === 0 ? 0 : 1;
}

await main();
