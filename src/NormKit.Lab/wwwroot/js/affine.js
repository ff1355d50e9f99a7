// Weight, bias and activation: the numbers of the touched set before and after.

import { barChart, put } from './chart.js';
import { change, listen, state } from './state.js';
import { tableBehind } from './table.js';
import { tensor, touched, whenTheTensorChanges } from './tensor.js';
import { figure, t } from './words.js';

const bins = 28, low = -4, high = 4;

export function beginAffine(root) {
  const part = name => root.querySelector(`[data-part=${name}]`);
  let counts = { before: [], after: [] };
  const middle = i => low + (i + 0.5) * (high - low) / bins;
  const table = tableBehind(part('table'), () => ({ head: [t('affine.value'), t('affine.before'), t('affine.after')], rows: counts.before.map((value, i) => [figure(Number(middle(i).toFixed(2))), value, counts.after[i]]) }));

  function draw() {
    if (!tensor.y || tensor.shape !== state.shape) return;
    for (const name of ['weight', 'bias']) {
      part(name).value = String(state[name]);
      part(`${name}-value`).textContent = figure(state[name]);
    }
    part('activation').value = state.activation;
    const of = touched(), before = new Array(bins).fill(0), after = new Array(bins).fill(0);
    const add = (list, value) => { list[Math.min(bins - 1, Math.max(0, Math.floor((value - low) / (high - low) * bins)))]++; };
    let sum = 0, squares = 0, n = 0;
    for (const { start, length } of of.runs)
      for (let i = start; i < start + length; i++) {
        add(before, tensor.x[i]);
        add(after, tensor.y[i]);
        sum += tensor.y[i];
        squares += tensor.y[i] ** 2;
        n++;
      }
    counts = { before, after };
    const mean = sum / n, deviation = Math.sqrt(Math.max(0, squares / n - mean * mean));
    const labelOf = i => figure(Number(middle(i).toFixed(1)));
    put(part('before'), barChart, { label: t('affine.before'), values: before, labelOf, title: t('affine.before'), kind: 'faint' });
    put(part('after'), barChart, { label: t('affine.after'), values: after, labelOf, title: t('affine.after') });
    part('answer').innerHTML = t('affine.answer', { mean: figure(Math.abs(mean) < 1e-6 ? 0 : mean), deviation: figure(deviation), undo: figure(Math.sqrt(of.variance)), undoBias: figure(of.mean) });
    table();
  }

  for (const name of ['weight', 'bias']) part(name).addEventListener('input', event => change({ [name]: Number(event.target.value) }));
  part('activation').addEventListener('change', event => change({ activation: event.target.value }));
  part('reset').addEventListener('click', () => change({ weight: 1, bias: 0, activation: 'none' }));
  part('undo').addEventListener('click', () => {
    const of = touched();
    change({ weight: Number(Math.sqrt(of.variance).toPrecision(4)), bias: Number(of.mean.toPrecision(4)), activation: 'none' });
  });
  whenTheTensorChanges(draw);
  listen(changed => { if (changed.has('at') || changed.has('lang')) draw(); });
  draw();
}
