// The formula of the touched value, with its numbers. Each term is a button: pointing at it, or moving the focus to it, lights what it came from.

import { full, short, t } from './words.js';

const term = (kind, text, name) => `<button type="button" class="term ${kind}" data-term="${kind}"><span class="hidden">${name} </span>${text}</button>`;
const fraction = (above, below) => `<span class="fraction"><span>${above}</span><span>${below}</span></span>`;
const root = inner => `<span class="root"><span class="radical" aria-hidden="true">√</span><span class="radicand">${inner}</span></span>`;
const v = letter => `<var>${letter}</var>`;
const xHat = '<var class="hat">x</var>';

/** numbers: {layer, x, y, count, mean, variance, invStd, eps, weight, bias, xHat, activation} */
export function showFormula(element, numbers) {
  const { layer, x, y, count, mean, variance, eps, weight, bias, activation } = numbers, rms = layer === 'rms';
  const name = key => t(`term.${key}`);
  const X = term('x', short(x), name('x')), M = term('mean', mean < 0 ? `(${short(mean)})` : short(mean), name('mean')), V = term('variance', short(variance), name(rms ? 'square' : 'variance'));
  const E = term('eps', epsText(eps), name('eps')), N = term('count', String(count), name('count'));
  const hat = numbers.xHat, W = term('weight', short(weight).replace(/\.?0+$/, ''), name('weight')), B = term('bias', short(bias).replace(/\.?0+$/, ''), name('bias'));
  const Y = term('y', short(y), name('y')), sum = `<span class="sum">∑</span>`;
  const line = (key, symbol, definition, value) => `<div class="line" data-line="${key}"><span class="symbol">${symbol}</span><span class="is">=</span><span class="rest"><span class="definition">${definition}</span>${value}</span></div>`;
  const equals = content => ` <span class="numbers"><span class="is">=</span>${content}</span>`;
  const plain = eps === 0 ? V : `${V} + ${E}`;
  const lines = rms ? [
    line('square', `<var>q</var>`, `${fraction('1', v('n'))}${sum}${v('x')}<sub>i</sub><sup>2</sup>`, equals(V)),
    line('xhat', xHat, fraction(v('x'), root(`${v('q')} + ${v('ε')}`)), equals(`${fraction(X, root(plain))}<span class="is">=</span>${short(hat)}`)),
    line('y', v('y'), `${v('γ')}${xHat}`, equals(`${W} × ${paren(hat)}<span class="is">=</span>${Y}`)),
  ] : [
    line('mean', v('μ'), `${fraction('1', v('n'))}${sum}${v('x')}<sub>i</sub>`, equals(M)),
    line('variance', `${v('σ')}<sup>2</sup>`, `${fraction('1', v('n'))}${sum}(${v('x')}<sub>i</sub> − ${v('μ')})<sup>2</sup>`, equals(V)),
    line('xhat', xHat, fraction(`${v('x')} − ${v('μ')}`, root(`${v('σ')}<sup>2</sup> + ${v('ε')}`)), equals(`${fraction(`${X} − ${M}`, root(plain))}<span class="is">=</span>${short(hat)}`)),
    line('y', v('y'), `${v('γ')}${xHat} + ${v('β')}`, equals(`${W} × ${paren(hat)} + ${bias < 0 ? `(${B})` : B}<span class="is">=</span>${Y}`)),
  ];
  const focused = element.contains(document.activeElement) ? document.activeElement.dataset.term : null;
  element.innerHTML = `<div class="line" data-line="count"><span class="symbol">${v('n')}</span><span class="is">=</span><span class="rest"><span class="numbers">${N}</span><span class="remark">${t('sharing', { n: count })}</span></span></div>${lines.join('')}`;
  if (focused) element.querySelector(`[data-term=${focused}]`)?.focus();
  const inner = rms ? `${full(x)} / sqrt(${full(variance)} + ${eps}) * ${full(weight)}` : `(${full(x)} - ${bracket(mean)}) / sqrt(${full(variance)} + ${eps}) * ${full(weight)} + ${bracket(bias)}`;
  return `${activation && activation !== 'none' ? `${activation}(${inner})` : inner} = ${full(y)}`;
}

const paren = value => value < 0 ? `(${short(value)})` : short(value);
const bracket = value => value < 0 ? `(${full(value)})` : full(value);

function epsText(eps) {
  const power = Math.log10(eps);
  return Math.abs(power - Math.round(power)) < 1e-9 ? `10<sup>${Math.round(power)}</sup>` : String(eps);
}

/** Calls back with the term that is pointed at or focused; with '' when it is left. */
export function linkTerms(element, callback) {
  const kind = event => event.target.closest?.('.term')?.dataset.term ?? '';
  element.addEventListener('pointerover', event => callback(kind(event)));
  element.addEventListener('pointerleave', () => callback(''));
  element.addEventListener('focusin', event => callback(kind(event)));
  element.addEventListener('focusout', () => callback(''));
}
