// Opens a page of a running `lifthill serve --watch` and waits until it shows some words without being loaded anew:
//
//   node row.mjs URL WORDS
//
// Says `open` when the page listens for news, and `shown` when it shows the words. The exit code is 1 where it never does.

import { chromium } from "playwright-core";

import { CHROMIUM, CHROMIUM_FLAGS } from "./chromium.mjs";

const [url, words] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_FLAGS });
try {
  const page = await browser.newPage();
  await page.goto(url);
  await page.waitForFunction(() => document.querySelector("lifthill-live") !== null, null, { timeout: 20_000 });
  await page.evaluate(() => { window.sameDocument = true; });
  console.log("open");
  const shown = (words) => window.sameDocument && document.querySelector("main").innerText.includes(words);
  await page.waitForFunction(shown, words, { timeout: 20_000 });
  console.log("shown");
} finally {
  await browser.close();
}
