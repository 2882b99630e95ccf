// Holds `_headers` and `_redirects` to what `lifthill serve` answers, as the hosts themselves read them:
//
//   node hosts.mjs LIFTHILL        LIFTHILL: the program
//
// Cloudflare Pages: the site is served by Cloudflare's own asset worker, which miniflare runs here.
// Netlify: both files are read by Netlify's own parsers; of several rules for a URL the last one counts, as
// in Netlify's command line.
//
// Nothing is sent anywhere. The exit code is 0 when everything passed, 1 when anything failed.

import { execFileSync, spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { parseAllHeaders } from "@netlify/headers-parser";
import { parseAllRedirects } from "@netlify/redirect-parser";
import { Miniflare } from "miniflare";

import { ended } from "./ended.mjs";

const LIFTHILL = path.resolve(process.argv[2] ?? "lifthill");

const SETTINGS = (host) => `title = "Parks"
base_url = "https://parks.example"
[hosting]
files = ["${host}"]
[assets]
copies = ["favicon.ico"]
[compress]
assets = false
[security]
policy = "strict"
[headers]
"/feed.xml" = "public, max-age=60"
"*.json" = { X-Robots-Tag = "noindex", referrer-policy = "same-origin" }
"/parks/*" = { X-Park = "yes", Referrer-Policy = "no-referrer" }
"/parks/efteling/" = { X-Park = "too late" }
"/z;}server{/*" = { X-Odd = "a;b{c}d$uri # ! x" }
"/*" = { X-All = "1", Referrer-Policy = "origin" }
`;

// Names in which a host could find more than a name.
const ODD = ["/a;b/", "/c{d}e/", "/f$uri/", "/g'h/", "/i`j/", "/k|l&m/", "/n(o)[p]/", "/r+s^t/", "/café/", "/日本/", "/Case/"];
const MORE = ["/u,v=w@x!/", "/~y/", "/{env.SECRET}", "/z;}server{/", "/\u00a0/", "/old;name.html"];

const FILES = {
  "assets/favicon.ico": "icon",
  "assets/css/extra.css": "a { color: red }\n",
  "content/parks/efteling/index.md": '+++\nname = "Efteling"\ncountry = "NL"\nformer_slugs = ["sprookjesbos"]\n+++\n',
  "content/parks/efteling/rides/python.md": `+++\nname = "Python"\ncategory = "roller_coaster"\naliases = ${JSON.stringify([...ODD, ...MORE])}\n+++\n`,
  "content/parks/efteling/rides/baron.md": '+++\nname = "Baron"\ncategory = "roller_coaster"\naliases = ["/case/"]\n+++\n',
};

// The headers that must be the same, besides the site's own.
const NAMES = ["cache-control", "referrer-policy", "x-content-type-options", "content-security-policy"];
const OWN = ["x-robots-tag", "x-park", "x-odd", "x-all"];

const results = { passed: 0, failed: 0 };

function check(passed, message) {
  results[passed ? "passed" : "failed"] += 1;
  if (!passed) console.log(`FAILED  ${message}`);
}

async function makeSite(folder, host) {
  for (const [name, text] of Object.entries({ ...FILES, "lifthill.toml": SETTINGS(host) })) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
  execFileSync(LIFTHILL, ["build", "-q", "--root", folder], { stdio: "inherit" });
}

// What our own server answers: [{ url, status, location, headers }].
async function expected(folder) {
  const server = spawn(LIFTHILL, ["serve", "--port", "0", "--root", folder], { stdio: ["ignore", "ignore", "pipe"] });
  try {
    let said = "";
    const origin = await new Promise((resolve, reject) => {
      server.on("exit", () => reject(new Error(`the server does not run:\n${said}`)));
      server.stderr.on("data", (data) => {
        said += data;
        const found = said.match(/Serving (http:\/\/[^/]+)\//);
        if (found && said.includes(" pages: ")) resolve(found[1]);
      });
    });
    const output = path.join(folder, "output");
    const entries = await readdir(output, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() && !entry.name.startsWith("_"));
    const paths = files.map((file) => path.relative(output, path.join(file.parentPath, file.name)));
    const urls = paths.map((file) => `/${file.replace(/(^|(?<=\/))index\.html$/, "")}`).sort();
    const answers = [];
    for (const url of urls) {
      const answer = await fetch(new URL(encodeURI(url), origin), { redirect: "manual" });
      answers.push({ url, status: answer.status, location: answer.headers.get("location"), headers: answer.headers });
    }
    check(answers.filter(({ status }) => status === 301).length === ODD.length + MORE.length + 2, "all redirects are there");
    check(answers.filter(({ status }) => status === 200).length > 20, "all pages are there");
    return answers;
  } finally {
    await ended(server);
  }
}

async function checkCloudflare(folder) {
  const answers = await expected(folder);
  const worker = new Miniflare({
    compatibilityDate: "2026-01-01",
    modules: true,
    script: "export default { fetch: (request, env) => env.ASSETS.fetch(request) };",
    assets: {
      directory: path.join(folder, "output"),
      binding: "ASSETS",
      assetConfig: { html_handling: "auto-trailing-slash", not_found_handling: "404-page" },
    },
  });
  try {
    for (const { url, status, location, headers } of answers) {
      // Cloudflare sends visitors from 404.html to 404.
      if (url === "/404.html") continue;
      const found = await worker.dispatchFetch(new URL(url, "http://localhost"), { redirect: "manual" });
      check(found.status === status, `cloudflare: ${url} is ${found.status}, not ${status}`);
      check(found.headers.get("location") === location, `cloudflare: ${url} leads to ${found.headers.get("location")}`);
      if (status === 200) compare("cloudflare", url, (name) => found.headers.get(name), headers);
    }
    const lost = await worker.dispatchFetch("http://localhost/nowhere");
    check(lost.status === 404 && (await lost.text()).includes("There is no page"), "cloudflare: /nowhere is lost");
    const odd = await worker.dispatchFetch(new URL("/z;}server{/", "http://localhost"), { redirect: "manual" });
    check(odd.headers.get("x-odd") === "a;b{c}d$uri # ! x", `cloudflare: x-odd is ${odd.headers.get("x-odd")}`);
  } finally {
    await worker.dispose();
  }
}

async function checkNetlify(folder) {
  const answers = await expected(folder);
  const file = (name) => path.join(folder, "output", name);
  const { headers: rules, errors } = await parseAllHeaders({ headersFiles: [file("_headers")], configHeaders: [], minimal: false });
  check(errors.length === 0, `netlify: ${errors.join("\n")}`);
  const parsed = await parseAllRedirects({ redirectsFiles: [file("_redirects")], configRedirects: [], minimal: true });
  check(parsed.errors.length === 0, `netlify: ${parsed.errors.join("\n")}`);
  const redirects = new Map(parsed.redirects.map((rule) => [decodeURIComponent(rule.from), rule]));
  for (const { url, status, location, headers } of answers) {
    const rule = redirects.get(url);
    check((rule !== undefined) === (status === 301), `netlify: ${url} is ${rule ? "" : "not "}redirected`);
    if (rule) check(rule.to === location && rule.status === 301 && rule.force, `netlify: ${url} leads to ${rule.to}`);
    if (status !== 200) continue;
    const address = new URL(url, "http://localhost").pathname;
    const found = { "cache-control": "public, max-age=0, must-revalidate" };
    for (const { values } of rules.filter(({ forRegExp }) => forRegExp.test(address))) {
      Object.entries(values).forEach(([name, value]) => (found[name.toLowerCase()] = value));
    }
    compare("netlify", url, (name) => found[name] ?? null, headers);
  }
}

function compare(host, url, found, headers) {
  for (const name of [...NAMES, ...OWN]) {
    check(found(name) === headers.get(name), `${host}: ${url} says ${name}: ${found(name)}, not ${headers.get(name)}`);
  }
}

const around = await mkdtemp(path.join(tmpdir(), "lifthill-hosts-"));
try {
  for (const [host, checkHost] of [["cloudflare-pages", checkCloudflare], ["netlify", checkNetlify]]) {
    const folder = path.join(around, host);
    await makeSite(folder, host);
    await checkHost(folder);
  }
} finally {
  await rm(around, { recursive: true, force: true });
}
console.log(`hosts: ${results.passed} passed, ${results.failed} failed`);
process.exitCode = results.failed === 0 ? 0 : 1;
