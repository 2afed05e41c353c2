// Keeps the page fresh: asks the server for it again and replaces <main>. Draws nothing itself.

const EVERY = 2000; // milliseconds
const PATIENCE = 5000;
// Without the user name and password of the page's address: fetch refuses an address that has them.
const ADDRESS = location.origin + location.pathname + location.search;

let timer;
let isAsking = false;
let isRefused = false;
let shownAt = Date.now();

const find = (selector) => document.querySelector(selector);
const versionOf = (page) => page.querySelector("meta[name=generator]")?.content;

// Replacing <main> would undo what the reader is selecting, typing or clicking.
const isInUse = () => !getSelection().isCollapsed ||
  find("main:active, main :is(input, select, textarea):focus") !== null;

// Finds the element of `fresh` that corresponds to one of the page: by the nearest id, and by position below it.
function counterpart(element, fresh) {
  if (element.localName === "main") return fresh;
  if (element.id) return fresh.querySelector(`#${CSS.escape(element.id)}`);
  const position = [...element.parentElement.children].indexOf(element);
  return counterpart(element.parentElement, fresh)?.children[position];
}

function show(fresh) {
  const main = find("main");
  for (const fold of main.querySelectorAll("details")) {
    counterpart(fold, fresh)?.toggleAttribute("open", fold.open);
  }
  const sections = [...main.querySelectorAll("section")].map((section) =>
    ({ now: counterpart(section, fresh), left: section.scrollLeft, box: section.getBoundingClientRect() }))
    .filter(({ now }) => now);
  const seen = sections.find(({ box }) => box.bottom > 0);
  const focused = main.contains(document.activeElement) && counterpart(document.activeElement, fresh);
  main.replaceWith(fresh);
  for (const { now, left } of sections) now.scrollLeft = left;
  // What is above it may have become longer or shorter.
  if (seen) scrollBy(0, seen.now.getBoundingClientRect().top - seen.box.top);
  if (focused) focused.focus({ preventScroll: true });
  shownAt = Date.now();
}

// An empty `problem` clears the message.
function say(problem) {
  const text = problem && `${problem} since ${find("#time").textContent}`;
  // A screen reader reads every change out.
  if (find("#problem").textContent !== text) find("#problem").textContent = text;
}

async function update() {
  let answer, text;
  try {
    answer = await fetch(ADDRESS, { signal: AbortSignal.timeout(PATIENCE) });
    text = await answer.text();
  } catch {
    say("offline");
    return;
  }
  const page = new DOMParser().parseFromString(text, "text/html");
  // To send a wrong token again would count as guessing.
  isRefused = answer.status === 401;
  if (!answer.ok) say(`${answer.status} ${answer.statusText}`);
  else if (isInUse()) say("");
  else if (versionOf(page) !== versionOf(document)) location.reload();
  else show(page.querySelector("main"));
}

async function refresh() {
  clearTimeout(timer);
  if (isAsking || isRefused || document.hidden) return;
  isAsking = true;
  try {
    await update();
  } finally {
    isAsking = false;
    timer = setTimeout(refresh, EVERY);
  }
  const age = Math.floor((Date.now() - shownAt) / 1000);
  if (age > 0) find("#age").textContent = `, ${age < 120 ? `${age} s` : `${Math.floor(age / 60)} min`} old`;
}

document.addEventListener("visibilitychange", refresh);
timer = setTimeout(refresh, EVERY);
