// A bright spot painted into one image, and what it does to the output of the others.

import { floats, bytes, live } from './engine.js';
import { picker } from './picker.js';
import { allRectangles } from './sets.js';
import { listen, state } from './state.js';
import { tableBehind } from './table.js';
import { tensor, whenTheTensorChanges } from './tensor.js';
import { TensorView } from './tensor-view.js';
import { figure, t } from './words.js';

export function beginPaint(root) {
  const part = name => root.querySelector(`[data-part=${name}]`);
  picker(part('layers'));
  let painted = null, source = null, before = null, after = null, differences = [], at = [0, 0, 0, 0], stroke = null;

  const spot = ([image, channel, row, column]) => {
    const [, c, h, w] = tensor.shape, reach = Math.max(1, Math.round(Math.min(h, w) / 6)), bright = tensor.range.x.centre + 3 * tensor.range.x.half;
    for (let r = Math.max(0, row - reach + 1); r < Math.min(h, row + reach); r++)
      for (let q = Math.max(0, column - reach + 1); q < Math.min(w, column + reach); q++)
        painted[((image * c + channel) * h + r) * w + q] = bright;
  };

  const input = new TensorView(part('input'), {
    rows: () => t('image'), columns: () => t('channel'), tallest: 300,
    onDrag(place, phase, isDown, event) {
      at = place;
      if (phase === 'down') stroke = place;
      if (isDown) { spot(place); compute(); }
      if (event.pointerType !== 'mouse' && phase === 'move') event.preventDefault();
    },
    onTouch(place) { at = place; input.show({ at }); },
    onKey(key, place) {
      if (key !== ' ' && key !== 'Enter') return false;
      spot(place);
      compute();
      return true;
    },
  });
  const output = new TensorView(part('change'), { rows: () => t('image'), columns: () => t('channel'), tallest: 300 });
  output.element.tabIndex = -1;
  output.element.setAttribute('role', 'img');
  const table = tableBehind(part('table'), () => ({ head: [t('image'), t('paint.largest')], rows: differences.map((value, image) => [`${t('image')} ${image}`, figure(value)]) }));

  async function compute() {
    const { layer, groups, eps, shape } = state;
    show();
    const results = await live.latest('paint', [
      ['Live.Normalize', bytes(source), ...shape, layer, groups, eps], ['Live.Normalize', bytes(painted), ...shape, layer, groups, eps]]);
    if (!results || shape !== state.shape) return;
    [before, after] = results.map(floats);
    const [n] = shape, size = after.length / n, change = new Float32Array(after.length);
    differences = Array.from({ length: n }, (_, image) => {
      let largest = 0;
      for (let i = image * size; i < (image + 1) * size; i++) {
        change[i] = after[i] - before[i];
        largest = Math.max(largest, Math.abs(change[i]));
      }
      return largest;
    });
    const touchedImages = new Set();
    for (let i = 0; i < painted.length; i++) if (painted[i] !== source[i]) touchedImages.add(Math.floor(i / size));
    output.show({ values: change, shape, range: { centre: 0, half: 1 }, faded: false, sets: allRectangles(layer, groups, shape) });
    const others = differences.map((value, image) => ({ value, image })).filter(({ value, image }) => value > 0 && !touchedImages.has(image));
    root.dataset.changed = others.map(({ image }) => image).join(',');
    root.dataset.painted = [...touchedImages].join(',');
    part('answer').innerHTML = touchedImages.size === 0 ? t('paint.nothing') : others.length
      ? t('paint.others', { images: others.map(({ image }) => image).join(', '), largest: figure(Math.max(...others.map(({ value }) => value))), painted: [...touchedImages].join(', ') })
      : t('paint.none', { painted: [...touchedImages].join(', '), layer: t(`layer.${layer}`) });
    output.label = part('answer').textContent;
    table();
  }

  function show() {
    input.show({ values: painted, shape: tensor.shape, range: tensor.range.x, faded: false, at, sets: allRectangles(state.layer, state.groups, tensor.shape) });
    input.label = t('paint.label');
  }

  const reset = isPainted => {
    source = tensor.x.slice();
    painted = source.slice();
    const [n, c, h, w] = tensor.shape;
    at = [Math.min(3, n - 1), Math.min(2, c - 1), Math.floor(h / 2), Math.floor(w / 2)];
    if (isPainted) for (let channel = 0; channel < c; channel += 3) spot([at[0], Math.min(channel + 2, c - 1), at[2], at[3]]);
    compute();
  };
  part('again').addEventListener('click', () => reset(false));
  part('paint3').addEventListener('click', () => reset(true));
  whenTheTensorChanges(() => {
    if (!source || source.length !== tensor.x.length || source.some((value, i) => value !== tensor.x[i])) reset(true);
    else compute();
  });
  listen(changed => { if (changed.has('lang') && source) compute(); });
}
