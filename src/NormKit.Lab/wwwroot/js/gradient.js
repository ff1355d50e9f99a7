// Backward: a gradient of 1 at one value of y, and where it arrives in x.

import { floats, live } from './engine.js';
import { picker } from './picker.js';
import { change, listen, state } from './state.js';
import { tableBehind } from './table.js';
import { offsetOf, rectangles, tensor, touched, whenTheTensorChanges } from './tensor.js';
import { TensorView } from './tensor-view.js';
import { figure, full, t } from './words.js';

export function beginGradient(root, say) {
  const part = name => root.querySelector(`[data-part=${name}]`);
  picker(part('layers'));
  let dx = null;
  const view = new TensorView(part('gradient'), { rows: () => t('image'), columns: () => t('channel'), tallest: 360, onTouch: place => change({ at: place }) });
  const table = tableBehind(part('table'), () => {
    const of = touched(), rows = [];
    for (const { start, length } of of.runs) for (let i = start; i < start + length && rows.length < 256; i++) rows.push([i, full(dx[i]), full(tensor.y[i])]);
    return { head: [t('index'), 'dx', 'y'], rows };
  });

  async function compute() {
    if (!tensor.y || tensor.shape !== state.shape) return;
    const { shape } = tensor, index = offsetOf(shape, state.at);
    const results = await live.latest('gradient', [['Live.Backward', index]]);
    if (!results || shape !== state.shape) return;
    dx = floats(results[0]);
    draw(index);
  }

  function draw() {
    if (!dx) return;
    const of = touched();
    let largest = 0, sum = 0, along = 0, reached = 0, outside = 0;
    for (let i = 0; i < dx.length; i++) if (i !== of.index) largest = Math.max(largest, Math.abs(dx[i]));
    const isIn = new Set();
    for (const { start, length } of of.runs)
      for (let i = start; i < start + length; i++) {
        isIn.add(i);
        sum += dx[i];
        along += dx[i] * (tensor.x[i] - of.mean) * of.invStd;
        if (dx[i] !== 0) reached++;
      }
    for (let i = 0; i < dx.length; i++) if (dx[i] !== 0 && !isIn.has(i)) outside++;
    view.show({ values: dx, shape: tensor.shape, range: { centre: 0, half: largest || 1 }, faded: false, set: of.rectangle, sets: rectangles(), at: state.at });
    root.dataset.sum = String(sum);
    root.dataset.along = String(along);
    root.dataset.outside = String(outside);
    part('answer').innerHTML = t(state.layer === 'rms' ? 'gradient.rms' : 'gradient.answer', { own: figure(dx[of.index]), largest: figure(largest), reached, count: of.count, outside, sum: tiny(sum), along: tiny(along) });
    view.label = part('answer').textContent;
    table();
  }

  const tiny = value => Math.abs(value) < 1e-3 ? `0 (${figure(value)})` : figure(value);
  whenTheTensorChanges(() => compute().catch(say));
  listen(changed => {
    if (changed.has('at')) compute().catch(say);
    if (changed.has('lang')) draw();
  });
  compute().catch(say);
}
