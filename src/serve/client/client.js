// The browser's half of `serve --watch`. It listens for news of the page that it is on, and changes
// the page in place: stylesheets are swapped, the rest is morphed, so that scroll position, focus and
// open details stay. It shows the server's overlay over the page when something is wrong, and a small
// panel that says what was built last. All text goes into the document as text.
(() => {
  "use strict";
  const script = document.currentScript;
  const token = script.dataset.token;
  // The server's own endpoints, below the path of the site.
  const own = new URL(".", script.src).pathname;
  let shown = script.dataset.digest || null;
  let refreshing = false;
  let again = false;

  // Our own elements live in one host, out of reach of the page's styles.
  const host = document.createElement("lifthill-live");
  const root = host.attachShadow({ mode: "open" });
  // A sheet that is no element, which the strictest policy lets be.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :host { all: initial; }
    .panel { position: fixed; right: 8px; bottom: 8px; z-index: 2147483646; font: 12px/1.4 system-ui, sans-serif;
      color: #e8e8ea; background: #1b1b20e6; border-radius: 6px; padding: 4px 8px; max-width: min(28rem, 90vw); }
    .panel summary { cursor: pointer; list-style: none; }
    .panel ul { margin: 4px 0 2px; padding: 0 0 0 1rem; max-height: 40vh; overflow: auto; }
    .panel.lost { opacity: .6; }
    .overlay { position: fixed; inset: 0; z-index: 2147483645; background: #0009; display: grid; }
    .overlay[hidden] { display: none; }
    iframe { border: 0; width: min(64rem, 94vw); height: 80vh; margin: auto; border-radius: 8px; background: #1b1b20; }
    button { position: absolute; right: 3vw; top: 2vh; font: 14px system-ui, sans-serif; padding: 4px 10px; }`);
  root.adoptedStyleSheets = [sheet];
  const panel = document.createElement("details");
  panel.className = "panel";
  const summary = document.createElement("summary");
  const list = document.createElement("ul");
  panel.append(summary, list);
  const overlay = document.createElement("div");
  overlay.className = "overlay";
  overlay.hidden = true;
  const close = document.createElement("button");
  close.textContent = "Hide";
  close.addEventListener("click", () => { overlay.hidden = true; });
  root.append(panel, overlay);
  document.documentElement.append(host);

  const showOverlay = (query) => {
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "");
    frame.title = "What is wrong";
    frame.src = `${own}overlay?token=${token}${query}`;
    overlay.replaceChildren(frame, close);
    overlay.hidden = false;
  };
  const hideOverlay = () => {
    overlay.hidden = true;
    overlay.replaceChildren();
  };

  const showChange = (change) => {
    if (!change.summary) return;
    summary.textContent = change.summary;
    const items = change.pages.map((page) => {
      const item = document.createElement("li");
      item.textContent = `${page.url}: ${page.reason}`;
      return item;
    });
    if (change.more > 0) {
      const item = document.createElement("li");
      item.textContent = `and ${change.more} more`;
      items.push(item);
    }
    list.replaceChildren(...items);
  };

  const sheets = (from) => [...from.querySelectorAll('link[rel~="stylesheet"]')];
  const scripts = (from) => [...from.querySelectorAll("script")]
    .filter((one) => !(one.getAttribute("src") || "").includes("/__lifthill/"))
    .map((one) => one.outerHTML).join("\n");

  // New sheets are loaded before old ones go, so that the page is never without.
  const swapSheets = async (next) => {
    const old = sheets(document.head);
    const here = new Set(old.map((link) => link.getAttribute("href")));
    const there = new Set(sheets(next.head).map((link) => link.getAttribute("href")));
    const fresh = sheets(next.head).filter((link) => !here.has(link.getAttribute("href"))).map((link) => {
      const copy = link.cloneNode(true);
      const after = old[old.length - 1];
      const loaded = new Promise((done) => {
        copy.addEventListener("load", done);
        copy.addEventListener("error", done);
        setTimeout(done, 2000);
      });
      if (after) after.after(copy); else document.head.append(copy);
      return loaded;
    });
    await Promise.all(fresh);
    for (const link of old) if (!there.has(link.getAttribute("href"))) link.remove();
  };

  // What the visitor has opened, ticked or typed is the visitor's.
  const isVisitors = (name, node) =>
    (name === "open" && node.tagName === "DETAILS") ||
    (name === "value" && node.value !== node.defaultValue) ||
    (name === "checked" && node.checked !== node.defaultChecked);

  const refresh = async (digest) => {
    if (refreshing) { again = true; return; }
    refreshing = true;
    try {
      const response = await fetch(location.href, { cache: "no-store" });
      if (!response.ok) { location.reload(); return; }
      const next = new DOMParser().parseFromString(await response.text(), "text/html");
      if (scripts(next) !== scripts(document)) { location.reload(); return; }
      await swapSheets(next);
      Idiomorph.morph(document.documentElement, next.documentElement, {
        ignoreActiveValue: true,
        restoreFocus: true,
        callbacks: {
          beforeNodeRemoved: (node) => node !== host,
          beforeAttributeUpdated: (name, node) => !isVisitors(name, node),
        },
      });
      if (!host.isConnected) document.documentElement.append(host);
      shown = digest;
      document.dispatchEvent(new CustomEvent("lifthill:morphed"));
    } finally {
      refreshing = false;
      if (again) { again = false; refresh(digest); }
    }
  };

  const connect = () => {
    const page = encodeURIComponent(location.pathname);
    const source = new EventSource(`${own}events?page=${page}&token=${token}`);
    let errors = 0;
    source.onmessage = ({ data }) => {
      const news = JSON.parse(data);
      panel.classList.remove("lost");
      if (news.change) showChange(news.change);
      if (news.type === "hello" || news.type === "errors") {
        errors = news.errors;
        if (errors > 0) showOverlay(""); else hideOverlay();
      }
      if (news.type === "hello" && news.digest && news.digest !== shown) refresh(news.digest);
      if (news.type === "changed") {
        if (errors === 0) hideOverlay();
        refresh(news.digest);
      }
      if (news.type === "gone") {
        shown = null;
        showOverlay(`&gone=${page}`);
      }
    };
    source.onerror = () => {
      panel.classList.add("lost");
      // A new run of the server has another token, which only a new page can know.
      if (source.readyState === EventSource.CLOSED) {
        setTimeout(() => fetch(location.href, { method: "HEAD" }).then(() => location.reload(), connect), 1000);
      }
    };
  };
  connect();
})();
