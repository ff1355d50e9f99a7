// Numbers as colours: blue below, orange above, the page's own paper between. The pair is safe for colour-blind people.

const steps = 256;
const light = { low: [28, 98, 166], middle: [246, 245, 241], high: [214, 110, 16], paper: [252, 252, 250] };
const dark = { low: [92, 164, 240], middle: [38, 42, 48], high: [245, 158, 66], paper: [21, 23, 27] };

const dusk = matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set(), names = new Map();
let tables = build();

dusk.addEventListener('change', () => {
  tables = build();
  names.clear();
  for (const listener of listeners) listener();
});

export const whenTheThemeChanges = listener => listeners.add(listener);

/** One colour for each of 256 steps, as the pixels of a canvas: clear, and faint for what is not in the touched set. */
export const colours = () => tables;

/** The step of a number between -1 and 1. */
export const stepOf = value => value <= -1 ? 0 : value >= 1 ? steps - 1 : value !== value ? steps / 2 : Math.floor((value + 1) / 2 * (steps - 1) + 0.5);

export const css = value => {
  const pixel = tables.clear[stepOf(value)];
  return `rgb(${pixel & 255} ${(pixel >> 8) & 255} ${(pixel >> 16) & 255})`;
};

/** The value of a name in lab.css, for canvases; asked of the style sheet once for each theme. */
export function named(name) {
  if (!names.has(name)) names.set(name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim());
  return names.get(name);
}

/** Calls a painter before the next frame, once however often it was asked. */
export function beforeTheFrame(paint) {
  let frame = 0;
  return () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      paint();
    });
  };
}

function build() {
  const theme = dusk.matches ? dark : light;
  const clear = new Uint32Array(steps), faint = new Uint32Array(steps);
  for (let i = 0; i < steps; i++) {
    const at = i / (steps - 1) * 2 - 1, end = at < 0 ? theme.low : theme.high, share = Math.pow(Math.abs(at), 0.85);
    const mixed = theme.middle.map((from, channel) => from + (end[channel] - from) * share);
    const grey = (mixed[0] * 0.35 + mixed[1] * 0.5 + mixed[2] * 0.15);
    const pale = mixed.map((value, channel) => theme.paper[channel] + ((value * 0.35 + grey * 0.65) - theme.paper[channel]) * 0.42);
    clear[i] = pixel(mixed);
    faint[i] = pixel(pale);
  }
  return { clear, faint, paper: pixel(theme.paper) };
}

function pixel([red, green, blue]) {
  return ((255 << 24) | (Math.round(blue) << 16) | (Math.round(green) << 8) | Math.round(red)) >>> 0;
}

/** The middle and the half width that show most of the numbers well. */
export function rangeOf(values, middle) {
  const every = Math.max(1, Math.floor(values.length / 4096));
  let sum = 0, count = 0;
  for (let i = 0; i < values.length; i += every)
    if (Number.isFinite(values[i])) { sum += values[i]; count++; }
  const centre = middle ?? (count ? sum / count : 0), distances = [];
  for (let i = 0; i < values.length; i += every)
    if (Number.isFinite(values[i])) distances.push(Math.abs(values[i] - centre));
  distances.sort((a, b) => a - b);
  return { centre, half: distances[Math.floor(distances.length * 0.985)] || 1 };
}
