"use strict";
// Panels: axes, lines, marks, maps, orbits. Every word is put in place as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";
const VIRIDIS = ["#440154", "#414487", "#2A788E", "#22A884", "#7AD151", "#FDE725"];
const BLUES = ["#F7FBFF", "#C6DBEF", "#6BAED6", "#2171B5", "#08306B"];
const EDGE = { left: 74, right: 16, top: 8, bottom: 48 };

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const html = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);
const shape = (name, attributes = {}, ...children) => fill(document.createElementNS(SVG, name), attributes, children);
const defined = (x) => typeof x === "number" && Number.isFinite(x);

/** A number in at most `digits` significant digits. */
function short(x, digits = 6) {
  if (!defined(x)) return "undefined";
  const rounded = Number(x.toPrecision(digits)), size = Math.abs(rounded);
  return rounded !== 0 && (size < 1e-3 || size >= 1e6) ? rounded.toExponential().replace("e+", "e") : String(rounded);
}

/** Where the values of an axis lie between `from` and `to`, and its ticks. */
function scaled(axis, values, from, to, margin) {
  const logarithmic = axis.logarithmic, bend = logarithmic ? Math.log10 : (x) => x;
  const fits = (x) => defined(x) && (!logarithmic || x > 0);
  let low = Infinity, high = -Infinity;
  for (const x of values) if (fits(x)) { low = Math.min(low, bend(x)); high = Math.max(high, bend(x)); }
  if (axis.words.length) [low, high] = [-0.5, axis.words.length - 0.5];
  if (low > high) [low, high] = [0, 1];
  if (low === high) { const half = Math.abs(low) > 1e-12 ? 0.05 * Math.abs(low) : 0.5; [low, high] = [low - half, high + half]; }
  const space = margin * (high - low);
  low = fits(axis.low) ? bend(axis.low) : low - space;
  high = fits(axis.high) ? bend(axis.high) : high + space;
  const place = (x) => fits(x) ? from + (bend(x) - low) / (high - low) * (to - from) : NaN;
  return { place, ticks: ticks(axis, low, high) };
}

function ticks(axis, low, high) {
  if (axis.words.length) return axis.words.map((word, k) => [k, word]);
  const decades = axis.logarithmic && high - low >= 2;
  if (axis.logarithmic && !decades) {
    const marks = [];
    for (let k = Math.floor(low); k <= Math.ceil(high); k++) for (const digit of [1, 2, 3, 5, 7]) marks.push(digit * 10 ** k);
    const inside = marks.filter((x) => Math.log10(x) >= low && Math.log10(x) <= high);
    if (inside.length >= 2) return inside.map((x) => [x, short(x, 1)]);
  }
  const span = axis.logarithmic && !decades ? 10 ** high - 10 ** low : high - low;
  const rough = span / 5, power = 10 ** Math.floor(Math.log10(rough));
  let step = power * [1, 2, 5, 10].find((k) => k * power >= rough * 0.999);
  if (decades) step = Math.max(1, Math.round(step));
  const [first, last] = axis.logarithmic && !decades ? [10 ** low, 10 ** high] : [low, high];
  const found = [];
  for (let k = Math.ceil(first / step - 1e-9); k * step <= last + 1e-9 * step && found.length < 20; k++) {
    const x = decades ? 10 ** (k * step) : k * step;
    found.push([x, short(x, decades ? 1 : Math.min(12, Math.max(1, Math.ceil(Math.log10(Math.max(Math.abs(first), Math.abs(last)) / step)) + 2)))]);
  }
  return found;
}

const DASHES = { solid: "", dashed: "6 4", dotted: "2 3" };
const MARKS = {
  circle: (r) => `M${-r},0a${r},${r} 0 1 0 ${2 * r},0a${r},${r} 0 1 0 ${-2 * r},0`,
  square: (r) => `M${-r},${-r}h${2 * r}v${2 * r}h${-2 * r}z`,
  triangle: (r) => `M0,${-r}L${r},${r}H${-r}z`,
  "triangle-down": (r) => `M0,${r}L${r},${-r}H${-r}z`,
  diamond: (r) => `M0,${-r}L${r},0L0,${r}L${-r},0z`,
  cross: (r) => `M${-r},${-r}L${r},${r}M${r},${-r}L${-r},${r}`,
  plus: (r) => `M${-r},0H${r}M0,${-r}V${r}`,
};

/** A path through points; it begins anew behind what has no place. */
function path(points) {
  let down = false, found = "";
  for (const [x, y] of points) {
    if (!Number.isFinite(x) || !Number.isFinite(y)) { down = false; continue; }
    found += `${down ? "L" : "M"}${x.toFixed(2)},${y.toFixed(2)}`;
    down = true;
  }
  return found;
}

function drawSeries(one, x, y) {
  const colour = one.colour || "#000000", group = shape("g", { "data-series": one.label });
  const points = one.x.map((value, k) => [x.place(value), y.place(one.y[k])]);
  if (one.band) {
    const edge = (values) => one.x.map((value, k) => [x.place(value), y.place(values[k])]).filter((p) => p.every(Number.isFinite));
    const around = [...edge(one.band[0]), ...edge(one.band[1]).reverse()];
    group.append(shape("path", { d: path(around) + "z", fill: colour, opacity: 0.2 }));
  }
  if (!one.mark) {
    const dashes = DASHES[one.dashes] ?? one.dashes;
    group.append(shape("path", { class: "line", d: path(points), fill: "none", stroke: colour, "stroke-width": one.width || 1.5, "stroke-dasharray": dashes }));
    return group;
  }
  points.forEach(([px, py], k) => {
    if (!Number.isFinite(px) || !Number.isFinite(py)) return;
    const half = one.error[k];
    if (half > 0) {
      const top = y.place(one.y[k] + half), bottom = y.place(one.y[k] - half);
      group.append(shape("path", { d: `M${px},${top}V${Number.isFinite(bottom) ? bottom : 1e4}`, stroke: colour }));
    }
    const open = one.mark === "cross" || one.mark === "plus";
    group.append(shape("path", { class: "mark", d: MARKS[one.mark](one.width || 3), transform: `translate(${px},${py})`, fill: open ? "none" : colour, stroke: colour, "stroke-width": open ? 1.5 : 0 }));
  });
  return group;
}

/** Edges of cells on the way between the centres, in units of the picture. */
function edges(centres) {
  const n = centres.length;
  if (n === 1) return [centres[0] - 20, centres[0] + 20];
  const between = centres.slice(1).map((c, k) => (c + centres[k]) / 2);
  return [centres[0] - (between[0] - centres[0]), ...between, centres[n - 1] + (centres[n - 1] - between[n - 2])];
}

/** The range of the shades of a map, as numbers that are evenly spaced in colour. */
function shades(map) {
  const bend = map.logarithmic ? (v) => (v > 0 ? Math.log10(v) : NaN) : (v) => v;
  let [low, high] = map.range || [Infinity, -Infinity];
  if (!map.range) for (const v of map.values) if (defined(v) && Number.isFinite(bend(v))) { low = Math.min(low, v); high = Math.max(high, v); }
  return { bend, low, high, anchors: map.colours === "Blues" ? BLUES : VIRIDIS };
}

function shade(map, scale, value) {
  if (map.kinds.length) return map.kinds[value]?.[1] ?? "#E0E0E0";
  const part = (scale.bend(value) - scale.bend(scale.low)) / (scale.bend(scale.high) - scale.bend(scale.low) || 1);
  if (!defined(value) || !Number.isFinite(part)) return map.colours === "Blues" ? "#FFFFFF" : "#E0E0E0";
  if (part < 0 && map.colours === "Blues") return "#FFFFFF";
  const along = Math.min(1, Math.max(0, part)) * (scale.anchors.length - 1), k = Math.min(scale.anchors.length - 2, Math.floor(along));
  const mix = (from) => Math.round(parseInt(scale.anchors[k].slice(from, from + 2), 16) * (k + 1 - along) + parseInt(scale.anchors[k + 1].slice(from, from + 2), 16) * (along - k));
  return `rgb(${mix(1)},${mix(3)},${mix(5)})`;
}

function drawMap(map, x, y, [width, height]) {
  const canvas = html("canvas", { width: 2 * width, height: 2 * height }), pen = canvas.getContext("2d"), scale = shades(map);
  const across = edges(map.x.map(x.place)), along = edges(map.y.map(y.place));
  const value = (i, j) => map.values[i * map.y.length + j];
  const level = map.level ? map.level[0] : NaN, above = (i, j) => value(i, j) > level;
  let line = "";
  for (let i = 0; i < map.x.length; i++) for (let j = 0; j < map.y.length; j++) {
    pen.fillStyle = shade(map, scale, value(i, j));
    const [left, right] = [2 * across[i], 2 * across[i + 1]].map(Math.round), [top, bottom] = [2 * along[j + 1], 2 * along[j]].map(Math.round);
    pen.fillRect(left, top, right - left, bottom - top);
    if (!map.level || !defined(value(i, j))) continue;
    if (i + 1 < map.x.length && defined(value(i + 1, j)) && above(i, j) !== above(i + 1, j)) line += `M${across[i + 1]},${along[j]}V${along[j + 1]}`;
    if (j + 1 < map.y.length && defined(value(i, j + 1)) && above(i, j) !== above(i, j + 1)) line += `M${across[i]},${along[j + 1]}H${across[i + 1]}`;
  }
  return [shape("image", { href: canvas.toDataURL(), x: 0, y: 0, width, height, class: "map" }), shape("path", { d: line, stroke: "#FFFFFF", fill: "none" })];
}

/** The Bloch sphere of radius 1/2, looked at from above the xy plane. */
function drawOrbits(orbits, width, height) {
  const radius = Math.min(width, height) / 2 - 24, [a, e] = [0.6, 0.35];
  const place = ([x, y, z]) => [
    width / 2 + 2 * radius * (-Math.sin(a) * x + Math.cos(a) * y),
    height / 2 - 2 * radius * (-Math.sin(e) * (Math.cos(a) * x + Math.sin(a) * y) + Math.cos(e) * z),
  ];
  const circle = Array.from({ length: 73 }, (_, k) => [0.5 * Math.cos(k * Math.PI / 36), 0.5 * Math.sin(k * Math.PI / 36), 0]);
  const frame = [shape("circle", { cx: width / 2, cy: height / 2, r: radius, fill: "none", stroke: "#8c959f" }), shape("path", { d: path(circle.map(place)), fill: "none", stroke: "#d0d7de" })];
  for (const [axis, end] of [["x", [0.56, 0, 0]], ["y", [0, 0.56, 0]], ["z", [0, 0, 0.56]]]) {
    const [px, py] = place(end);
    frame.push(shape("path", { d: path([place([0, 0, 0]), [px, py]]), stroke: "#d0d7de" }), shape("text", { x: px, y: py, "text-anchor": "middle" }, axis));
  }
  const lines = orbits.map(([label, colour, points]) => shape("g", { "data-series": label }, shape("path", { class: "line", d: path(points.map(place)), fill: "none", stroke: colour, "stroke-width": 1.6 })));
  const dots = orbits.flatMap(([label, , points], k) => points.map((p) => ({ series: k, at: place(p), words: `${label || "orbit"}\nx = ${short(p[0])}\ny = ${short(p[1])}\nz = ${short(p[2])}` })));
  return { frame, lines, dots };
}
