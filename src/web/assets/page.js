// Keeps the page as fresh as the server: asks for /status.json and writes what the page was served
// with (web/status_html.cpp, web/drawings.cpp, web/amounts.cpp), in the same words.

const EVERY = 2000; // milliseconds
const PATIENCE = 5000;
const STALE = 600; // seconds
const MOST_ROWS = 25;
const CHART = { width: 600, height: 100 };
const SVG = "http://www.w3.org/2000/svg";

// Elements. Everything that comes from the server becomes text, never markup.

const byId = (id) => document.getElementById(id);

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function drawing(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// Writes rows into a table's body. What is there already stays: a selection, and where a reader is.
function write(body, rows) {
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach((cells, i) => {
    const row = body.rows[i] ?? body.insertRow();
    while (row.cells.length > cells.length) row.deleteCell(-1);
    cells.forEach((cell, k) => {
      const made = cell instanceof HTMLTableCellElement ? cell : element("td", {}, ...[cell].flat());
      const there = row.cells[k];
      if (!there) row.append(made);
      else if (there.outerHTML !== made.outerHTML) there.replaceWith(made);
    });
  });
}

function fill(id, rows, nothing) {
  const table = byId(id);
  const columns = table.tHead.rows[0].cells.length;
  const none = [[element("td", { colspan: columns, class: "nothing" }, nothing)]];
  write(table.tBodies[0], rows.length ? rows.slice(0, MOST_ROWS) : none);
  const rest = table.nextElementSibling;
  const folded = rows.slice(MOST_ROWS);
  rest.hidden = folded.length === 0;
  rest.querySelector("summary").textContent = `${folded.length} more`;
  // Nobody looks into what is folded.
  if (rest.open || rest.hidden) write(rest.querySelector("tbody"), folded);
}

// Amounts.

const orDash = (value) => value ?? "–";

const toTenths = (value) => Math.floor(value * 10 + 0.5) / 10;

const rounded = (value) => Math.floor(Math.min(Math.max(value, -1e9), 1e9) + 0.5);

function percent(part, whole) {
  if (!(whole > 0)) return "–";
  const tenths = rounded((part / whole) * 1000);
  const size = Math.abs(tenths);
  return `${tenths < 0 ? "−" : ""}${Math.floor(size / 10)}.${size % 10} %`;
}

function finePercent(part) {
  const hundredths = rounded(part * 10000);
  return `${Math.floor(hundredths / 100)}.${String(hundredths % 100).padStart(2, "0")} %`;
}

function inSeconds(seconds) {
  const tenths = rounded(seconds * 10);
  return `${Math.floor(tenths / 10)}.${tenths % 10} s`;
}

function age(seconds) {
  const s = Math.floor(seconds);
  if (s < 1) return "now";
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86400)} d`;
}

function cpuTime(ticks, ticksPerSecond) {
  const hundredths = Math.floor((ticks * 100) / ticksPerSecond);
  const s = Math.floor(hundredths / 100);
  const two = (value) => String(value).padStart(2, "0");
  if (s < 60) return `${s}.${two(hundredths % 100)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
  return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`;
}

const secondsBetween = (earlier, later) => (Date.parse(later) - Date.parse(earlier)) / 1000;

const moment = (time, now, attributes = {}) =>
  element("span", { ...attributes, title: time }, age(secondsBetween(time, now)));

// Drawings.

const share = (part, whole) =>
  String(toTenths(whole > 0 ? Math.min(Math.max((part / whole) * 100, 0), 100) : 0));

const bar = (part, whole) =>
  drawing("svg",
    { class: "bar", viewBox: "0 0 100 1", preserveAspectRatio: "none", "aria-hidden": "true" },
    drawing("rect", { width: share(part, whole), height: 1 }));

const splitOf = (accounting) => [
  ["listed", "listed below", accounting?.listed_ticks ?? 0],
  ["other", "other processes", accounting?.other_ticks ?? 0],
  ["ended", "ended processes", accounting?.ended_ticks ?? 0],
  ["interrupts", "interrupts", accounting?.interrupt_ticks ?? 0],
  ["unexplained", "unexplained", accounting?.unexplained_ticks ?? 0],
];

function sums(stretch) {
  const parts = [stretch.listed_ticks, stretch.other_ticks, stretch.ended_ticks,
    stretch.interrupt_ticks, Math.max(stretch.unexplained_ticks, 0)];
  return parts.map((_, i) => parts.slice(0, i + 1).reduce((sum, part) => sum + part, 0));
}

function beginOf(history, now) {
  if (!history.length) return CHART.width;
  const last = history.at(-1);
  const end = CHART.width - Math.max(secondsBetween(last.time, now) - last.seconds, 0);
  return history.reduce((begin, each) => begin - each.seconds, end);
}

function area(history, now, sum) {
  let path = "";
  let end = beginOf(history, now);
  for (const each of history) {
    const begin = Math.max(end, 0);
    end += each.seconds;
    if (end <= 0) continue;
    if (!path) path = `M${toTenths(begin)} ${CHART.height}`;
    const whole = each.capacity_ticks;
    const height = whole > 0 ? Math.min(sums(each)[sum] / whole, 1) * CHART.height : 0;
    path += `V${toTenths(CHART.height - height)}H${toTenths(end)}`;
  }
  return path ? `${path}V${CHART.height}Z` : "";
}

// The parts of the page.

function endedBy(parents, capacity) {
  const said = parents.map(({ name, pid, ticks }) => `${name} (${pid}) ${percent(ticks, capacity)}`);
  return said.length ? `ended children of ${said.join(", ")}` : "";
}

function showHost(status) {
  const host = status.host;
  const capacity = host?.capacity_ticks ?? 0;
  const split = splitOf(host?.accounting);
  byId("busy").textContent = percent(host?.accounting?.busy_ticks ?? 0, capacity);
  const cpus = host?.cpus;
  byId("cpus").textContent = cpus ? `${cpus} ${cpus === 1 ? "CPU" : "CPUs"}` : "all CPUs";
  byId("window").textContent = host ? `over ${inSeconds(host.window.seconds)}` : "not measured yet";
  let left = 0;
  split.forEach(([, , ticks], i) => {
    const rect = byId("split").children[i];
    rect.setAttribute("x", share(left, capacity));
    rect.setAttribute("width", share(Math.max(ticks, 0), capacity));
    left += Math.max(ticks, 0);
    byId("legend").children[i].querySelector("b").textContent = percent(ticks, capacity);
  });
  byId("ended").textContent = endedBy(host?.accounting?.ended_by_parent ?? [], capacity);
  byId("hidden").textContent = host?.hidden ? `not every process can be seen: ${host.hidden}` : "";
  byId("cost").textContent = host ? finePercent(host.watch_cost) : "–";
  [...byId("chart").children].forEach((path, i, all) =>
    path.setAttribute("d", area(status.history, status.time, all.length - 1 - i)));
  const oneCpu = capacity / (cpus ?? 1);
  fill("busiest", (host?.top ?? []).map((process) => [
    process.name, process.pid, percent(process.user_ticks, oneCpu),
    percent(process.system_ticks, oneCpu), percent(process.cpu_ticks, oneCpu),
    bar(process.cpu_ticks, capacity)]), "Not measured yet.");
}

function amount(top) {
  return top.window.kind === "since_start"
    ? cpuTime(top.cpu_ticks, top.clock_ticks_per_second)
    : percent(top.cpu_ticks, top.window.seconds * top.clock_ticks_per_second);
}

function showClients(status) {
  fill("clients", status.clients.map(({ client, tops: [latest, ...earlier] }) => {
    const isStale = secondsBetween(latest.time, status.time) > STALE;
    return [orDash(client), orDash(latest.host), latest.name, latest.pid, amount(latest),
      moment(latest.time, status.time, isStale ? { class: "stale" } : {}),
      earlier.flatMap((top, i) =>
        [`${i ? ", " : ""}${top.name} `, moment(top.time, status.time)])];
  }), "No client has reported yet.");
}

function showConnections(status) {
  fill("connections", status.connections.map((live) => [
    live.id, orDash(live.client), live.peer, live.state, live.requests,
    moment(live.since, status.time)]), "Nobody is connected.");
}

function show(status) {
  byId("time").textContent = status.time;
  byId("time").setAttribute("datetime", status.time);
  byId("pid").textContent = status.server.pid;
  byId("started").textContent = status.server.started;
  byId("serves").textContent = `${status.server.tls ? "TLS" : "plaintext"} on ${status.server.listen}`;
  showHost(status);
  showClients(status);
  showConnections(status);
  fill("counters", Object.entries(status.counters), "");
  fill("work", Object.entries(status.work), "");
}

// Staying fresh.

let timer;
let asking; // the request that counts, an AbortController
let latest;

function say(problem) {
  if (byId("offline").textContent !== problem) byId("offline").textContent = problem;
  document.body.classList.toggle("offline", problem !== "");
}

function askAgain() {
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(refresh, EVERY);
}

async function refresh() {
  clearTimeout(timer);
  asking?.abort();
  const mine = new AbortController();
  asking = mine;
  const patience = setTimeout(() => mine.abort(), PATIENCE);
  let status;
  try {
    const answer = await fetch("/status.json", { signal: mine.signal });
    if (!answer.ok) {
      say(`no longer shown: ${answer.status} ${answer.statusText}; reload the page`);
      return; // to go on would be to guess
    }
    status = await answer.json();
  } catch {
    if (asking !== mine) return; // another one has been sent
    say(`offline since ${byId("time").textContent}`);
    askAgain();
    return;
  } finally {
    clearTimeout(patience);
  }
  if (asking !== mine) return;
  // Another version has another page.
  if (status.server.version !== byId("version").textContent) {
    location.reload();
    return;
  }
  latest = status;
  show(status);
  say("");
  askAgain();
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) clearTimeout(timer);
  else refresh();
});
// What is unfolded has not been written since it was folded.
document.addEventListener("toggle", () => latest && show(latest), { capture: true });
refresh();
