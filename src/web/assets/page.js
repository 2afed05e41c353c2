// Fetches the page again and again, and replaces <main> with the new one.

const INTERVAL = 2000; // milliseconds
const TIMEOUT = 5000; // milliseconds
// Without a user name and password, which fetch rejects in a URL.
const PAGE_URL = location.origin + location.pathname + location.search;

let timer;
let isUpdating = false;
let isUnauthorized = false;
let shownAt = Date.now();

const find = (selector) => document.querySelector(selector);
const versionOf = (page) => page.querySelector("meta[name=generator]")?.content;

// Replacing <main> would undo a selection, an input or a click in progress.
const isInUse = () => !getSelection().isCollapsed ||
  find("main:active, main :is(input, select, textarea):focus") !== null;

// The element of `fresh` at the place of `element`: by the nearest id, and by position below it.
function counterpart(element, fresh) {
  if (element.localName === "main") return fresh;
  if (element.id) return fresh.querySelector(`#${CSS.escape(element.id)}`);
  const position = [...element.parentElement.children].indexOf(element);
  return counterpart(element.parentElement, fresh)?.children[position];
}

function replaceMain(fresh) {
  const main = find("main");
  for (const details of main.querySelectorAll("details")) {
    counterpart(details, fresh)?.toggleAttribute("open", details.open);
  }
  const sections = [...main.querySelectorAll("section")].map((section) =>
    ({ now: counterpart(section, fresh), left: section.scrollLeft, box: section.getBoundingClientRect() }))
    .filter(({ now }) => now);
  const firstVisible = sections.find(({ box }) => box.bottom > 0);
  const focused = main.contains(document.activeElement) && counterpart(document.activeElement, fresh);
  main.replaceWith(fresh);
  for (const { now, left } of sections) now.scrollLeft = left;
  // Keeps its position if the content above has changed its height.
  if (firstVisible) scrollBy(0, firstVisible.now.getBoundingClientRect().top - firstVisible.box.top);
  if (focused) focused.focus({ preventScroll: true });
  shownAt = Date.now();
}

// An empty `problem` clears the message.
function showProblem(problem) {
  const text = problem && `${problem} since ${find("#time").textContent}`;
  // Screen readers announce each assignment.
  if (find("#problem").textContent !== text) find("#problem").textContent = text;
}

async function update() {
  let response, text;
  try {
    response = await fetch(PAGE_URL, { signal: AbortSignal.timeout(TIMEOUT) });
    text = await response.text();
  } catch {
    showProblem("offline");
    return;
  }
  const page = new DOMParser().parseFromString(text, "text/html");
  // Repeating a wrong token would count as another failed attempt.
  isUnauthorized = response.status === 401;
  if (!response.ok) showProblem(`${response.status} ${response.statusText}`);
  else if (isInUse()) showProblem("");
  else if (versionOf(page) !== versionOf(document)) location.reload();
  else replaceMain(page.querySelector("main"));
}

async function refresh() {
  clearTimeout(timer);
  if (isUpdating || isUnauthorized || document.hidden) return;
  isUpdating = true;
  try {
    await update();
  } finally {
    isUpdating = false;
    timer = setTimeout(refresh, INTERVAL);
  }
  const age = Math.floor((Date.now() - shownAt) / 1000);
  if (age > 0) find("#age").textContent = `, ${age < 120 ? `${age} s` : `${Math.floor(age / 60)} min`} old`;
}

document.addEventListener("visibilitychange", refresh);
timer = setTimeout(refresh, INTERVAL);
