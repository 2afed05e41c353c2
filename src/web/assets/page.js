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

function fill(id, rows, nothing) {
  const table = byId(id);
  const columns = table.tHead.rows[0].cells.length;
  const toRow = (cells) => element("tr", {}, ...cells.map((cell) => element("td", {}, ...[cell].flat())));
  const none = element("tr", {},
    element("td", { colspan: columns, class: "nothing" }, nothing));
  const shown = rows.slice(0, MOST_ROWS).map(toRow);
  table.tBodies[0].replaceChildren(...(rows.length ? shown : [none]));
  const rest = table.nextElementSibling;
  const folded = rows.slice(MOST_ROWS).map(toRow);
  rest.hidden = folded.length === 0;
  rest.querySelector("summary").textContent = `${folded.length} more`;
  rest.querySelector("tbody").replaceChildren(...folded);
}

// Amounts.

const orDash = (value) => value ?? "–";

const toTenths = (value) => Math.floor(value * 10 + 0.5) / 10;

function percent(part, whole) {
  if (!(whole > 0)) return "–";
  const tenths = Math.floor((part / whole) * 1000 + 0.5);
  const size = Math.abs(tenths);
  return `${tenths < 0 ? "−" : ""}${Math.floor(size / 10)}.${size % 10} %`;
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
  const parts = [stretch.process_ticks, stretch.ended_ticks, stretch.interrupt_ticks,
    Math.max(stretch.unexplained_ticks, 0)];
  return parts.map((_, i) => parts.slice(0, i + 1).reduce((sum, part) => sum + part, 0));
}

function area(history, now, sum) {
  let path = "";
  let before = -1;
  for (const each of history) {
    const end = CHART.width - Math.max(secondsBetween(each.time, now) - each.seconds, 0);
    const begin = Math.max(end - each.seconds, 0);
    if (end <= 0 || begin > CHART.width) continue;
    if (before < 0) {
      path += `M${toTenths(begin)} ${CHART.height}`;
    } else if (begin - before > 1) {
      path += `V${CHART.height}H${toTenths(begin)}`;
    }
    const whole = each.capacity_ticks;
    const height = whole > 0 ? Math.min(sums(each)[sum] / whole, 1) * CHART.height : 0;
    path += `V${toTenths(CHART.height - height)}H${toTenths(end)}`;
    before = end;
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
  byId("window").textContent = host ? `over ${host.window.seconds.toFixed(1)} s` : "not measured yet";
  let left = 0;
  split.forEach(([, , ticks], i) => {
    const rect = byId("split").children[i];
    rect.setAttribute("x", share(left, capacity));
    rect.setAttribute("width", share(Math.max(ticks, 0), capacity));
    left += Math.max(ticks, 0);
    byId("legend").children[i].querySelector("b").textContent = percent(ticks, capacity);
  });
  byId("ended").textContent = endedBy(host?.accounting?.ended_by_parent ?? [], capacity);
  byId("cost").textContent = host ? `${(host.watch_cost * 100).toFixed(2)} %` : "–";
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
  showHost(status);
  showClients(status);
  showConnections(status);
  fill("counters", Object.entries(status.counters), "");
  fill("work", Object.entries(status.work), "");
}

// Staying fresh.

let timer;

async function read() {
  const answer = await fetch("/status.json", { signal: AbortSignal.timeout(PATIENCE) });
  if (!answer.ok) throw new Error(answer.statusText);
  return answer.json();
}

async function refresh() {
  clearTimeout(timer);
  try {
    const status = await read();
    // Another version has another page.
    if (status.server.version !== byId("version").textContent) location.reload();
    show(status);
    if (byId("offline").textContent) byId("offline").textContent = "";
  } catch {
    byId("offline").textContent ||= `offline since ${new Date().toLocaleTimeString()}`;
  }
  document.body.classList.toggle("stale", Boolean(byId("offline").textContent));
  if (!document.hidden) timer = setTimeout(refresh, EVERY);
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (!document.hidden) refresh();
});
refresh();
