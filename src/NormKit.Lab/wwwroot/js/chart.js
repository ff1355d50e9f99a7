// Small charts as SVG: lines and bars on plain or logarithmic axes. Each has its numbers as a table behind it (table.js).

import { figure } from './words.js';

const escape = text => String(text).replace(/[&<>"]/g, letter => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[letter]);

function scale(from, to, low, high, log) {
  const f = log ? Math.log10 : value => value, a = f(low), b = f(high);
  return value => from + (f(value) - a) / (b - a || 1) * (to - from);
}

function ticks(low, high, log) {
  if (log) {
    const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9), every = Math.max(1, Math.ceil((last - first) / 6));
    return Array.from({ length: Math.floor((last - first) / every) + 1 }, (_, i) => Math.pow(10, first + i * every));
  }
  const raw = (high - low) / 5, power = Math.pow(10, Math.floor(Math.log10(raw))), step = [1, 2, 5, 10].map(m => m * power).find(s => s >= raw);
  const out = [];
  for (let value = Math.ceil(low / step - 1e-9) * step; value <= high + step * 1e-6; value += step) out.push(Math.abs(value) < step / 1e6 ? 0 : value);
  return out;
}

const tickText = (value, log) => log && value > 0 && (value >= 1e4 || value < 1e-3) ? `10${superscript(Math.round(Math.log10(value)))}` : figure(value);
const superscript = number => String(number).replace(/[-0-9]/g, digit => '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'['-0123456789'.indexOf(digit)]);

const drawn = new WeakMap();
const resized = new ResizeObserver(entries => {
  for (const { target } of entries) {
    const { make, options, width } = drawn.get(target);
    if (target.clientWidth > 0 && target.clientWidth !== width) put(target, make, options);
  }
});

/** Draws a chart into an element at the element's own width, and again whenever that changes: its letters keep their size. */
export function put(element, make, options) {
  const width = element.clientWidth || 640;
  if (!drawn.has(element)) resized.observe(element);
  drawn.set(element, { make, options, width });
  element.innerHTML = make({ ...options, width });
}

/**
 * Lines. {label, x: {title, values, log, ticks}, y: {title, low, high, log}, lines: [{name, values, kind, dashed}], marks: [{x, text}], bands: [{from, to, text}]}
 */
export function lineChart({ label, x, y, lines, marks = [], bands = [], height = 260, width = 640 }) {
  const left = 58, named = lines.some(line => line.name), narrow = width < 480, right = 14 + (named ? (narrow ? 78 : 112) : 0), top = 14, bottom = 44;
  const all = lines.flatMap(line => line.values).filter(value => Number.isFinite(value) && (!y.log || value > 0));
  let low = y.low ?? Math.min(...all), high = y.high ?? Math.max(...all);
  if (!y.log && y.low === undefined) { const room = (high - low || 1) * 0.08; low -= room; high += room; }
  if (y.log) { low = Math.max(low, 1e-12); if (low === high) high = low * 10; }
  const sx = scale(left, width - right, x.values[0], x.values.at(-1), x.log), sy = scale(height - bottom, top, low, high, y.log);
  const out = [`<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(label)}">`];
  for (const { from, to, text } of bands)
    out.push(`<rect class="band" x="${sx(from).toFixed(1)}" y="${top}" width="${(sx(to) - sx(from)).toFixed(1)}" height="${height - top - bottom}"/><text class="note" x="${(sx(from) + 6).toFixed(1)}" y="${height - bottom - 8}">${escape(text)}</text>`);
  for (const value of ticks(low, high, y.log))
    out.push(`<line class="grid" x1="${left}" x2="${width - right}" y1="${sy(value).toFixed(1)}" y2="${sy(value).toFixed(1)}"/><text class="tick" text-anchor="end" x="${left - 8}" y="${(sy(value) + 4).toFixed(1)}">${tickText(value, y.log)}</text>`);
  for (const value of x.ticks ?? ticks(x.values[0], x.values.at(-1), x.log))
    out.push(`<text class="tick" text-anchor="middle" x="${sx(value).toFixed(1)}" y="${height - bottom + 17}">${tickText(value, x.log)}</text>`);
  out.push(`<text class="title" text-anchor="middle" x="${((left + width - right) / 2).toFixed(1)}" y="${height - 6}">${escape(x.title)}</text>`);
  out.push(`<text class="title" text-anchor="middle" transform="translate(13 ${((top + height - bottom) / 2).toFixed(1)}) rotate(-90)">${escape(y.title)}</text>`);
  const labels = [];
  for (const { name, values, kind = 'one', dashed } of lines) {
    const points = values.map((value, i) => [sx(x.values[i]), sy(y.log ? Math.max(value, low) : Math.min(Math.max(value, low), high)), value]).filter(([, , value]) => Number.isFinite(value));
    out.push(`<path class="line ${kind}${dashed ? ' dashed' : ''}" d="M${points.map(([px, py]) => `${px.toFixed(1)} ${py.toFixed(1)}`).join('L')}"/>`);
    if (values.length <= 16) for (const [px, py, value] of points) out.push(`<circle class="dot ${kind}" cx="${px.toFixed(1)}" cy="${py.toFixed(1)}" r="3.5"><title>${figure(value)}</title></circle>`);
    if (name && points.length) labels.push({ name, kind, y: points.at(-1)[1] });
  }
  labels.sort((a, b) => a.y - b.y);
  labels.forEach((item, i) => { if (i) item.y = Math.max(item.y, labels[i - 1].y + 15); });
  const over = labels.length ? Math.max(0, labels.at(-1).y - (height - bottom + 2)) : 0;
  for (const item of labels) out.push(`<text class="name ${item.kind}" x="${width - right + 8}" y="${(item.y - over + 4).toFixed(1)}">${escape(item.name)}</text>`);
  for (const mark of marks)
    out.push(`<line class="mark" x1="${sx(mark.x).toFixed(1)}" x2="${sx(mark.x).toFixed(1)}" y1="${top}" y2="${height - bottom}"/>`);
  return out.join('') + '</svg>';
}

/** Lying bars, one a row; the name beside the bar, or above it where there is little room. {label, rows: [{name, value, kind, text}], log, low, high, stacked} */
export function rowChart({ label, rows, log, low, high, names = 210, stacked, width = 640 }) {
  const above = stacked || width < 520, pitch = above ? 46 : 34, left = above ? 0 : names, values = rows.map(row => row.value).filter(value => value > 0);
  const from = low ?? (log ? Math.pow(10, Math.floor(Math.log10(Math.min(...values)) - 0.3)) : 0), to = high ?? Math.max(...values, from * 10 || 1);
  const right = width - 84, sx = scale(left, right, from, to, log), height = rows.length * pitch + 6;
  const out = [`<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(label)}">`];
  rows.forEach(({ name, value, kind = 'one', text }, i) => {
    const y = i * pitch + (above ? 22 : 6), end = value > 0 ? Math.max(left + 2, Math.min(sx(value), right)) : left;
    out.push(above ? `<text class="row" x="0" y="${y - 6}">${escape(cut(name, width / 6.4))}<title>${escape(name)}</title></text>` : `<text class="row" text-anchor="end" x="${left - 12}" y="${y + 14}">${escape(name)}</text>`);
    out.push(`<rect class="bar ${kind}" x="${left}" y="${y}" width="${(end - left).toFixed(1)}" height="${above ? 14 : 20}" rx="2"/><text class="value" x="${(end + 8).toFixed(1)}" y="${y + (above ? 11 : 14)}">${escape(text ?? figure(value))}</text>`);
  });
  return out.join('') + '</svg>';
}

const cut = (text, most) => text.length > most ? `${text.slice(0, Math.floor(most) - 1)}…` : text;

/** Upright bars. {label, values, labelOf(i), title, labels: how many at the axis} */
export function barChart({ label, values, labelOf, title, kind = 'one', width = 640, height = 220, labels = 8 }) {
  const left = 58, top = 12, bottom = 42, most = Math.max(...values.filter(Number.isFinite), 0), step = (width - left - 10) / values.length;
  const out = [`<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(label)}">`, `<line class="grid" x1="${left}" x2="${width - 10}" y1="${height - bottom}" y2="${height - bottom}"/>`,
    `<text class="tick" text-anchor="end" x="${left - 8}" y="${top + 8}">${figure(most)}</text><text class="tick" text-anchor="end" x="${left - 8}" y="${height - bottom + 4}">0</text>`];
  values.forEach((value, i) => {
    const tall = most > 0 && Number.isFinite(value) ? value / most * (height - top - bottom) : 0;
    out.push(`<rect class="bar ${kind}" x="${(left + i * step + step * 0.1).toFixed(1)}" y="${(height - bottom - tall).toFixed(1)}" width="${(step * 0.8).toFixed(1)}" height="${tall.toFixed(1)}"><title>${escape(labelOf(i))}: ${figure(value)}</title></rect>`);
  });
  const every = Math.max(1, Math.ceil((values.length - 1) / Math.min(labels, Math.max(2, width / 60))));
  for (let i = 0; i < values.length; i += every) out.push(`<text class="tick" text-anchor="middle" x="${(left + (i + 0.5) * step).toFixed(1)}" y="${height - bottom + 16}">${escape(labelOf(i))}</text>`);
  out.push(`<text class="title" text-anchor="middle" x="${((left + width) / 2).toFixed(1)}" y="${height - 6}">${escape(title)}</text>`);
  return out.join('') + '</svg>';
}
