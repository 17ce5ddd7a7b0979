// The page: verdict, pictures with values on hover, tables, texts, manifest.

const content = JSON.parse(document.getElementById("content").textContent);

/** Values at the place of the pointer: of every line at the nearest point, of a map its cell. */
function told(panel, x, y, [px, py], shown) {
  const lines = [], map = panel.map;
  if (map && map.x.length && map.y.length) {
    const nearest = (values, place, at) => values.reduce((best, v, k) => Math.abs(place(v) - at) < Math.abs(place(values[best]) - at) ? k : best, 0);
    const i = nearest(map.x, x.place, px), j = nearest(map.y, y.place, py), value = map.values[i * map.y.length + j];
    lines.push([0, `${panel.x.label || "x"} = ${short(map.x[i])}, ${panel.y.label || "y"} = ${short(map.y[j])}: ${map.kinds.length ? map.kinds[value]?.[0] ?? "undefined" : short(value)}`]);
  }
  let best = null;
  const found = [];
  panel.series.forEach((one, number) => {
    if (!shown(number)) return;
    let point = null;
    one.x.forEach((value, k) => {
      const [qx, qy] = [x.place(value), y.place(one.y[k])];
      if (!Number.isFinite(qx) || !Number.isFinite(qy)) return;
      const away = [Math.abs(qx - px), Math.abs(qy - py)];
      if (!point || away[0] < point.away[0] - 1e-9 || (away[0] < point.away[0] + 1e-9 && away[1] < point.away[1])) point = { away, k, at: [qx, qy], one };
    });
    if (!point) return;
    found.push(point);
    if (!best || Math.hypot(...point.away) < Math.hypot(...best.away)) best = point;
  });
  if (!best) return lines.length ? { words: lines.map((l) => l[1]).join("\n") } : null;
  // Lines that have a point at the same place, those nearest to the pointer first; of a map only marks that are near.
  if (map && Math.hypot(...best.away) > 12) return { words: lines.map((l) => l[1]).join("\n") };
  const same = found.filter((p) => Math.abs(p.at[0] - best.at[0]) < 1.5).sort((p, q) => p.away[1] - q.away[1]);
  // A line without a name that a named one of its colour runs along says nothing more.
  const twin = (p, q) => q !== p && q.one.label && q.one.colour === p.one.colour && q.one.y[q.k] === p.one.y[p.k];
  const distinct = same.filter((p) => p.one.label || !same.some((q) => twin(p, q)));
  const word = ({ one, k }) => {
    const value = panel.y.words.length ? panel.y.words[one.y[k]] ?? short(one.y[k]) : short(one.y[k]);
    const error = one.error[k] > 0 ? ` ± ${short(one.error[k], 2)}` : "";
    const band = !one.error.length && one.band ? ` (${short(one.band[0][k], 4)} to ${short(one.band[1][k], 4)})` : "";
    return `${one.label ? one.label + ": " : ""}${value}${error}${band}`;
  };
  const head = panel.x.words.length ? panel.x.words[best.one.x[best.k]] : `${panel.x.label || "x"} = ${short(best.one.x[best.k])}`;
  return { words: [...lines.map((l) => l[1]), head, ...new Set(distinct.map(word))].slice(0, 12).join("\n"), at: best.at };
}

let clips = 0;

function drawPanel(panel, [cellWidth, cellHeight]) {
  // Not wider than letters stay legible on a narrow screen.
  const whole = [Math.max(320, cellWidth * panel.place[3]), Math.max(220, cellHeight * panel.place[2])];
  const [width, height] = whole.map((length) => length * Math.min(1, 560 / whole[0]));
  const [inner, tall] = [width - EDGE.left - EDGE.right, height - EDGE.top - EDGE.bottom];
  const picture = shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": panel.title || panel.y.label });
  const figure = html("figure", {}, ...(panel.title ? [html("figcaption", {}, panel.title)] : []), picture);
  const legend = html("div", { class: "legend" }), groups = [], hidden = new Set();
  const entry = (label, colour, members, dashes) => {
    const sign = html("i");
    sign.style.borderTop = `3px ${dashes && dashes !== "solid" ? "dashed" : "solid"} ${colour}`;
    const button = html("button", { type: "button", "aria-pressed": "true" }, sign, label);
    button.addEventListener("click", () => {
      const hide = button.getAttribute("aria-pressed") === "true";
      button.setAttribute("aria-pressed", String(!hide));
      for (const k of members) { groups[k].style.display = hide ? "none" : ""; hide ? hidden.add(k) : hidden.delete(k); }
    });
    legend.append(button);
  };
  let find;
  if (panel.orbits.length) {
    const drawn = drawOrbits(panel.orbits, width, height);
    groups.push(...drawn.lines);
    picture.append(...drawn.frame, ...groups);
    panel.orbits.forEach(([label, colour], k) => label && entry(label, colour, [k]));
    find = (at) => {
      const far = (dot) => Math.hypot(dot.at[0] - at[0], dot.at[1] - at[1]);
      return drawn.dots.filter((dot) => !hidden.has(dot.series)).reduce((best, dot) => (!best || far(dot) < far(best) ? dot : best), null);
    };
  } else {
    const map = panel.map, all = (key) => panel.series.flatMap((one) => one[key]);
    const bars = panel.series.flatMap((one) => [...one.error.flatMap((e, k) => [one.y[k] - e, one.y[k] + e]), ...(one.band ? one.band.flat() : [])]);
    const spread = (values) => values.length > 1 ? [values[0] - (values[1] - values[0]) / 2, ...values, values.at(-1) + (values.at(-1) - values.at(-2)) / 2] : values;
    const x = scaled(panel.x, [...all("x"), ...(map ? spread(map.x) : [])], 0, inner, map || !panel.series.some((one) => one.mark) ? 0 : 0.04);
    const y = scaled(panel.y, [...all("y"), ...bars, ...(map ? spread(map.y) : [])], tall, 0, map ? 0 : 0.05);
    const clip = `clip${clips++}`, field = shape("g", { "clip-path": `url(#${clip})` });
    const plot = shape("g", { transform: `translate(${EDGE.left},${EDGE.top})` }, shape("clipPath", { id: clip }, shape("rect", { width: inner, height: tall })));
    for (const [value, word] of x.ticks) {
      const at = x.place(value);
      if (at < -0.5 || at > inner + 0.5) continue;
      plot.append(shape("path", { d: `M${at},0V${tall}`, stroke: "#eaeef2" }), shape("text", { x: at, y: tall + 16, "text-anchor": "middle" }, word));
    }
    for (const [value, word] of y.ticks) {
      const at = y.place(value);
      if (at < -0.5 || at > tall + 0.5) continue;
      plot.append(shape("path", { d: `M0,${at}H${inner}`, stroke: "#eaeef2" }), shape("text", { x: -6, y: at + 4, "text-anchor": "end" }, word));
    }
    if (map) field.append(...drawMap(map, x, y, [inner, tall]));
    for (const level of panel.levels) field.append(shape("path", { d: `M0,${y.place(level)}H${inner}`, stroke: "#808080" }));
    for (const moment of panel.moments) field.append(shape("path", { d: `M${x.place(moment)},0V${tall}`, stroke: "#808080" }));
    groups.push(...panel.series.map((one) => drawSeries(one, x, y)));
    field.append(...groups);
    plot.append(field, shape("rect", { width: inner, height: tall, fill: "none", stroke: "#57606a" }));
    const shift = `translate(${EDGE.left - 58},${EDGE.top + tall / 2}) rotate(-90)`;
    picture.append(plot, shape("text", { x: EDGE.left + inner / 2, y: height - 8, "text-anchor": "middle" }, panel.x.label), shape("text", { transform: shift, "text-anchor": "middle" }, panel.y.label));
    // Pieces of one line share their colour and dashes; the first one has the label.
    const kin = (one, k) => panel.series.flatMap((other, j) => j === k || (!other.label && other.colour === one.colour && (other.dashes === one.dashes || other.mark || one.mark)) ? [j] : []);
    panel.series.forEach((one, k) => one.label && entry(one.label, one.colour, kin(one, k), one.dashes));
    if (map) mapLegend(map, legend);
    const shown = (k) => !hidden.has(k);
    find = ([px, py]) => {
      const here = [px - EDGE.left, py - EDGE.top];
      if (here[0] < -4 || here[1] < -4 || here[0] > inner + 4 || here[1] > tall + 4) return null;
      const found = told(panel, x, y, here, shown);
      return found && { ...found, at: found.at && [found.at[0] + EDGE.left, found.at[1] + EDGE.top] };
    };
  }
  if (legend.childNodes.length) figure.append(legend);
  hover(figure, picture, [width, height], find);
  return figure;
}

function mapLegend(map, legend) {
  const present = new Set(map.values);
  map.kinds.forEach(([name, colour], k) => {
    if (!present.has(k)) return;
    const sign = html("i");
    sign.style.cssText = `height:0.8rem;background:${colour};border:1px solid #8c959f`;
    legend.append(html("span", {}, sign, name));
  });
  if (!map.kinds.length) {
    const scale = shades(map), bar = html("span", { class: "shades" });
    bar.style.background = `linear-gradient(to right, ${scale.anchors.join(", ")})`;
    legend.append(html("span", {}, short(scale.low, 3), bar, short(scale.high, 3), map.logarithmic ? " (logarithmic)" : ""));
    if (map.level) legend.append(html("span", {}, `white line: ${map.level[1]}`));
  }
}

function hover(figure, picture, [width, height], find) {
  const tip = html("div", { class: "tip" }), dot = shape("circle", { r: 4.5, fill: "none", stroke: "#1b1f24", "stroke-width": 1.5 });
  const leave = () => { tip.remove(); dot.remove(); };
  picture.addEventListener("pointerleave", leave);
  picture.addEventListener("pointermove", (event) => {
    const box = picture.getBoundingClientRect(), outer = figure.getBoundingClientRect();
    const at = [(event.clientX - box.left) / box.width * width, (event.clientY - box.top) / box.height * height], found = find(at);
    if (!found) return leave();
    tip.textContent = found.words;
    figure.append(tip);
    const right = event.clientX - outer.left > outer.width / 2;
    tip.style.left = right ? "auto" : `${event.clientX - outer.left + 14}px`;
    tip.style.right = right ? `${outer.right - event.clientX + 14}px` : "auto";
    tip.style.top = `${event.clientY - outer.top + 14}px`;
    if (!found.at) return dot.remove();
    dot.setAttribute("cx", found.at[0]);
    dot.setAttribute("cy", found.at[1]);
    picture.append(dot);
  });
}

/** Why a result is not what it should be, whatever the command calls it. */
function reasons(manifest) {
  const words = (told) => {
    if (told === null || typeof told !== "object") return [String(told)];
    if (Array.isArray(told)) return told.flatMap(words);
    const causes = told.reasons ?? told.broken, place = told.point ?? told.run ?? told.engine;
    if (causes !== undefined) return words(causes).map((cause) => place === undefined ? cause : `${place}: ${cause}`);
    return [Object.entries(told).map(([key, value]) => `${key}: ${typeof value === "object" ? JSON.stringify(value) : value}`).join(", ")];
  };
  const series = (key) => (Array.isArray(manifest.series) ? manifest.series : []).flatMap((one) => (Array.isArray(one.sizes) ? one.sizes : []).flatMap((size) => words(size[key] ?? []).map((cause) => `${one.label}, ${manifest.parameter} = ${size.value}: ${cause}`)));
  const unique = (list) => [...new Set(list.filter(Boolean))];
  return {
    reasons: manifest.converged === true ? [] : unique([...words(manifest.reasons ?? []), ...words(manifest.not_converged ?? []), ...series("not_converged")]),
    warnings: unique([...words(manifest.warnings ?? []), ...words(manifest.left_out ?? []), ...series("warnings")]),
  };
}

const list = (words) => words.length ? [html("ul", {}, ...words.map((word) => html("li", {}, word)))] : [];

function verdict(manifest) {
  const found = reasons(manifest), parts = [];
  const word = manifest.interrupted === true ? "interrupted" : manifest.converged === true ? "converged" : manifest.converged === false ? "not converged" : null;
  if (word) parts.push(html("div", { class: `verdict ${word === "converged" ? "good" : "bad"}`, id: "verdict" }, html("strong", {}, word), ...list(found.reasons)));
  if (found.warnings.length) parts.push(html("div", { class: "verdict warned", id: "warnings" }, html("strong", {}, found.warnings.length === 1 ? "warning" : "warnings"), ...list(found.warnings)));
  return parts;
}

function table(heading, rows) {
  const line = (kind, cells) => html("tr", {}, ...cells.map((cell) => html(kind, {}, cell)));
  return html("div", { class: "scroll" }, html("table", {}, html("thead", {}, line("th", heading)), html("tbody", {}, ...rows.map((row) => line("td", row)))));
}

function folded(summary, open, ...children) {
  const part = html("details", {}, html("summary", {}, summary), ...children);
  part.open = open;
  return part;
}

/** The bounds of a run. */
function diagnostics(manifest) {
  const checks = Object.entries(manifest.diagnostics ?? {}).filter(([, check]) => check && typeof check === "object" && "worst" in check);
  if (!checks.length) return [];
  const row = ([name, check]) => [name, short(check.worst, 3), short(check.time, 5), check.bound === null ? "" : short(check.bound, 3), check.bound === null ? "" : check.holds ? "holds" : "BROKEN"];
  return [html("h2", {}, "Diagnostics"), table(["diagnostic", "worst", "at t", "bound", ""], checks.map(row))];
}

function tables() {
  const part = ({ name, heading, rows, of_rows, columns }) => {
    const cut = rows.length < of_rows || heading.length < columns;
    const size = `${of_rows} rows, ${columns} columns${cut ? `; the first ${rows.length} rows and ${heading.length} columns below` : ""}`;
    return folded(`${name}: ${size}`, !cut && rows.length <= 40, html("p", {}, html("a", { href: name }, name)), table(heading, rows));
  };
  return content.tables.length ? [html("h2", {}, "Tables"), ...content.tables.map(part)] : [];
}

function draw() {
  const manifest = content.manifest, page = document.getElementById("report");
  const facts = [["study", manifest.study], ["superladder", manifest.version], ["commit", String(manifest.commit).slice(0, 12)], ["seconds", defined(manifest.wall_seconds) ? short(manifest.wall_seconds, 3) : undefined]];
  page.append(html("h1", {}, content.title), html("p", { class: "facts" }, facts.filter(([, value]) => value !== undefined).map(([name, value]) => `${name} ${value}`).join(" · ")), ...verdict(manifest));
  for (const [name, picture] of Object.entries(content.pictures)) {
    const panels = picture.panels.map((panel) => drawPanel(panel, picture.cell));
    page.append(html("h2", {}, picture.title || name), html("div", { class: "panels", "data-picture": name }, ...panels));
  }
  page.append(...diagnostics(manifest), ...tables());
  page.append(html("h2", {}, "What ran"), ...content.texts.map(({ name, text }) => folded(name, name.endsWith(".txt"), html("pre", {}, text))));
  page.append(folded("manifest.json", false, html("pre", {}, JSON.stringify(manifest, null, 2))));
}

draw();
