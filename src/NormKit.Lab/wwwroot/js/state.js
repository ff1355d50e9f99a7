// What the page shows, and its address: everything that a visitor chose is in the part after #, so that a link shows the same.

const defaults = {
  layer: 'batch', groups: 2, shape: [4, 8, 4, 4], at: [1, 2, 1, 2], view: 'x', data: 'images', seed: 1, eps: 1e-5,
  weight: 1, bias: 0, activation: 'none', edits: '',
  batch: 4, draw: 1, momentum: 0.1, shift: 2, spread: -2, logeps: -5, offset: 5, lang: '',
};

const listeners = new Set();
export const state = { ...defaults };

function read(text) {
  const values = { ...defaults };
  for (const [key, value] of new URLSearchParams(text)) {
    const known = defaults[key];
    if (known === undefined) continue;
    if (Array.isArray(known)) {
      const numbers = value.split('.').map(Number);
      if (numbers.length === known.length && numbers.every(n => Number.isInteger(n) && n >= 0)) values[key] = numbers;
    } else if (typeof known === 'number') {
      if (value !== '' && Number.isFinite(Number(value))) values[key] = Number(value);
    } else {
      values[key] = value;
    }
  }
  return sound(values);
}

// An address may be written by hand: what does not fit together is brought to the nearest that does.
function sound(values) {
  const limits = [64, 64, 128, 128];
  values.shape = values.shape.map((length, i) => Math.min(Math.max(length, 1), limits[i]));
  const [n, c, h, w] = values.shape;
  if (n * c * h * w > 1 << 21 || h * w < 2) values.shape = [...defaults.shape];
  values.at = values.at.map((index, i) => Math.min(index, values.shape[i] - 1));
  if (!['batch', 'layer', 'instance', 'group', 'rms'].includes(values.layer)) values.layer = defaults.layer;
  if (!['none', 'relu', 'leaky', 'silu', 'gelu'].includes(values.activation)) values.activation = 'none';
  if (!['x', 'y'].includes(values.view)) values.view = 'x';
  if (!['images', 'rand'].includes(values.data)) values.data = 'images';
  values.seed = Math.min(Math.max(Math.round(values.seed), 0), 1e6);
  values.draw = Math.min(Math.max(Math.round(values.draw), 0), 1e6);
  values.batch = Math.min(Math.max(Math.round(values.batch), 1), 64);
  if (!(values.eps > 0 && values.eps <= 1)) values.eps = defaults.eps;
  const divisors = divisorsOf(values.shape[1]);
  values.groups = divisors.reduce((best, d) => Math.abs(d - values.groups) < Math.abs(best - values.groups) ? d : best, divisors[0]);
  return values;
}

export const divisorsOf = count => Array.from({ length: count }, (_, i) => i + 1).filter(d => count % d === 0);

export function write(values = state) {
  const parts = [];
  for (const [key, known] of Object.entries(defaults)) {
    const value = values[key], text = Array.isArray(value) ? value.join('.') : String(value);
    if (text !== (Array.isArray(known) ? known.join('.') : String(known))) parts.push(`${key}=${encodeURIComponent(text)}`);
  }
  return parts.join('&');
}

let pending = 0;

// Takes new values and tells everyone who listens which keys have changed. What has not changed stays the same object.
function take(values) {
  const changed = new Set(Object.keys(defaults).filter(key => String(values[key]) !== String(state[key])));
  for (const key of changed) state[key] = values[key];
  if (changed.size > 0) for (const listener of listeners) listener(changed);
  return changed.size > 0;
}

/** Changes the state, and the address a little later. */
export function change(changes) {
  if (!take(sound({ ...state, ...changes }))) return;
  clearTimeout(pending);
  pending = setTimeout(() => history.replaceState(null, '', `#${write()}`), 150);
}

export const listen = listener => listeners.add(listener);

export function begin() {
  Object.assign(state, read(location.hash.slice(1)));
  addEventListener('hashchange', () => {
    if (!location.hash || location.hash.includes('=')) take(read(location.hash.slice(1)));
  });
}

/** The address of what is shown now. */
export const link = () => `${location.href.split('#')[0]}#${write()}`;
