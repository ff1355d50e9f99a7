// The page's language: that of the address, else that of the browser.

import english from './text-en.js';
import chinese from './text-zh.js';
import { state } from './state.js';

export const language = () => state.lang === 'zh' || state.lang === 'en' ? state.lang : navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';

/** A text by its key; {name} in it is replaced. */
export function t(key, values = {}) {
  const text = (language() === 'zh' ? chinese : english)[key] ?? english[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
}

/** Puts the texts into the page: data-t is the element's text, data-t-label its name for those who do not see it. */
export function translate(root = document) {
  document.documentElement.lang = language() === 'zh' ? 'zh-CN' : 'en';
  for (const element of root.querySelectorAll('[data-t]')) element.innerHTML = t(element.dataset.t);
  for (const element of root.querySelectorAll('[data-t-label]')) element.setAttribute('aria-label', t(element.dataset.tLabel));
  document.title = t('title');
}

/** A number for reading, with four significant digits. */
export function figure(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  if (value === 0) return '0';
  const size = Math.abs(value);
  const text = size >= 1e6 || size < 1e-4 ? Number(value.toPrecision(3)).toExponential().replace('e+', 'e') : Number(value.toPrecision(4)).toString();
  return text.replace('-', '−').replace('e−', 'e−');
}

/** A number for the formula: four digits behind the point where that says enough. */
export function short(value) {
  if (!Number.isFinite(value)) return figure(value);
  const size = Math.abs(value);
  return (size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(3).replace('e+', 'e') : value.toFixed(4)).replace('-', '−');
}

/** All digits that a float has. */
export const full = value => Number.isFinite(value) ? String(Number(value.toPrecision(9))) : String(value);

export const count = value => value.toLocaleString(language() === 'zh' ? 'zh-CN' : 'en-US');
