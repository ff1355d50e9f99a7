// The first picture: touch a value, and its set lights up in the tensor, in the strip of memory and in the formula.

import { css } from './colour.js';
import { linkTerms, showFormula } from './formula.js';
import { NumberLines } from './lines.js';
import { picker } from './picker.js';
import { inside, offsetOf, rectangleOf } from './sets.js';
import { change, divisorsOf, listen, state } from './state.js';
import { Strip } from './strip.js';
import { tableBehind } from './table.js';
import { edit, rectangles, tensor, touched, undoEdits, whenTheTensorChanges } from './tensor.js';
import { TensorView } from './tensor-view.js';
import { count, figure, full, short, t } from './words.js';

export function beginTouch(root) {
  const part = name => root.querySelector(`[data-part=${name}]`);
  picker(part('layers'), { cubes: true });
  const guess = { on: false, done: false, planes: null };
  let pinned = state.at, spot = '', speaking = 0;

  const view = new TensorView(part('tensor'), {
    rows: () => t('image'), columns: () => t('channel'),
    onTouch(place, final) {
      if (guess.on) return;
      if (final) pinned = place;
      if (String(place) !== String(state.at)) change({ at: place });
    },
    onDrag(place, phase) {
      if (guess.on && phase === 'down' && !guess.done) toggle(place[0], place[1]);
    },
    onKey(key, at) {
      if (guess.on && (key === ' ' || key === 'Enter') && !guess.done) { toggle(at[0], at[1]); return true; }
      return false;
    },
  });
  part('tensor').addEventListener('pointerleave', () => { if (!guess.on && String(pinned) !== String(state.at)) change({ at: pinned }); });
  const strip = new Strip(part('strip')), lines = new NumberLines(part('lines'));
  linkTerms(part('formula'), term => {
    if (term === spot) return;
    spot = term;
    root.dataset.spot = term;
    view.show({ spot: term === 'x' ? 'x' : '', ...(term === 'y' || term === 'x' ? pictureOf(term) : pictureOf(state.view)) });
  });

  const pictureOf = which => ({ values: tensor[which], range: tensor.range[which] });
  const tables = [tableBehind(part('table'), () => tableOf())];

  function draw() {
    if (!tensor.y || tensor.shape !== state.shape) return;
    const of = touched(), { shape, layer, groups } = tensor;
    if (guess.on) return drawGuess(of);
    view.show({ ...pictureOf(spot === 'x' || spot === 'y' ? spot : state.view), shape, set: of.rectangle, sets: rectangles(), at: state.at, marks: null, faded: true });
    view.label = spoken(of);
    strip.show({ values: tensor[state.view], range: tensor.range[state.view], runs: of.runs, index: of.index });
    strip.label = memory(of);
    part('memory').textContent = memory(of);
    part('sentence').innerHTML = sentence(of);
    part('exact').textContent = showFormula(part('formula'), { ...of, layer, eps: tensor.eps, weight: tensor.weight, bias: tensor.bias, activation: tensor.activation });
    part('where').textContent = t('where', { image: state.at[0], channel: state.at[1], row: state.at[2], column: state.at[3] });
    drawLines(of);
    drawValue(of);
    drawBadge();
    legend();
    root.dataset.shown = `${state.layer} ${state.groups} ${state.shape.join(',')} ${state.at.join(',')}`;
    root.dataset.set = [of.rectangle.n0, of.rectangle.n1, of.rectangle.c0, of.rectangle.c1].join(',');
    tables.forEach(fresh => fresh());
    clearTimeout(speaking);
    speaking = setTimeout(() => { if (document.activeElement === view.element) part('spoken').textContent = spoken(of); }, 250);
  }

  // Sets do not change while one value after another of the same set is touched.
  let kept = {};
  function drawLines(of) {
    if (kept.y !== tensor.y || kept.set !== of.set) {
      const before = [], after = [], step = Math.max(1, Math.ceil(of.count / 4000));
      let at = 0, low = Infinity, high = -Infinity;
      for (const { start, length } of of.runs)
        for (let i = start; i < start + length; i++) {
          low = Math.min(low, tensor.x[i]);
          high = Math.max(high, tensor.x[i]);
          if (at++ % step === 0) { before.push(tensor.x[i]); after.push(tensor.y[i]); }
        }
      kept = { y: tensor.y, set: of.set, before, after, xBounds: [low, high] };
    }
    lines.show({ ...kept, x: of.x, y: of.y, mean: of.mean, deviation: Math.sqrt(of.variance) });
    lines.label = t('lines.label', { mean: figure(of.mean), deviation: figure(Math.sqrt(of.variance)) });
  }

  const sentence = of => t(`sentence.${state.layer}`, {
    count: count(of.count), channel: state.at[1], image: state.at[0], images: state.shape[0], channels: state.shape[1],
    from: of.rectangle.c0, to: of.rectangle.c1,
  });
  const plain = html => html.replace(/<[^>]+>/g, '');
  const spoken = of => `${t('where', { image: state.at[0], channel: state.at[1], row: state.at[2], column: state.at[3] })}. x = ${short(of.x)}, y = ${short(of.y)}. ${plain(sentence(of))}`;
  const memory = of => t(of.runs.length === 1 ? 'memory.one' : 'memory.many', { runs: of.runs.length, length: count(of.runs[0].length), total: count(tensor.x.length) });

  // The touched number itself can be moved.
  function drawValue(of) {
    const slider = part('value'), { centre, half } = tensor.range.x;
    slider.min = String(Math.min(of.x, centre - 3 * half));
    slider.max = String(Math.max(of.x, centre + 3 * half));
    if (document.activeElement !== slider || Number(slider.value) !== of.x) slider.value = String(of.x);
    part('value-value').textContent = figure(of.x);
    part('edited').hidden = !tensor.edited;
  }
  part('value').addEventListener('input', event => edit([[touched().index, Number(event.target.value)]]));
  part('undo').addEventListener('click', undoEdits);

  function drawBadge() {
    const badge = part('badge'), twin = tensor.twin;
    badge.hidden = !twin;
    if (twin) badge.innerHTML = t(`badge.${twin.name}`, { groups: state.groups, difference: twin.difference === 0 ? '0' : figure(twin.difference) });
  }

  function legend() {
    const { centre, half } = tensor.range[state.view], texts = part('legend').querySelectorAll('span');
    [centre - half, centre, centre + half].forEach((value, i) => { texts[i].textContent = figure(Number(value.toPrecision(2))); });
    const canvas = part('ramp'), context = canvas.getContext('2d');
    for (let i = 0; i < canvas.width; i++) {
      context.fillStyle = css(i / (canvas.width - 1) * 2 - 1);
      context.fillRect(i, 0, 1, canvas.height);
    }
  }

  function tableOf() {
    const of = touched(), [n, c, h, w] = tensor.shape, rows = [];
    for (let image = of.rectangle.n0; image <= of.rectangle.n1; image++)
      for (let channel = of.rectangle.c0; channel <= of.rectangle.c1; channel++)
        for (let row = 0; row < h; row++)
          for (let column = 0; column < w && rows.length < 256; column++) {
            const index = offsetOf(tensor.shape, [image, channel, row, column]);
            rows.push([`[${image}, ${channel}, ${row}, ${column}]`, full(tensor.x[index]), full(tensor.y[index])]);
          }
    return { caption: plain(sentence(of)) + (of.count > 256 ? ` ${t('table.first', { rows: 256 })}` : ''), head: [t('index'), 'x', 'y'], rows };
  }

  // --- the controls
  const groups = part('groups'), shapes = part('shape');
  const controls = () => {
    const divisors = divisorsOf(state.shape[1]);
    part('groups-line').hidden = state.layer !== 'group';
    groups.max = String(divisors.length - 1);
    groups.value = String(divisors.indexOf(state.groups));
    groups.setAttribute('aria-valuetext', String(state.groups));
    part('groups-value').textContent = t('groups.value', { groups: state.groups, size: state.shape[1] / state.groups });
    shapes.value = state.shape.join('.');
    if (!shapes.value) {
      shapes.add(new Option(`[${state.shape.join(', ')}]`, state.shape.join('.')));
      shapes.value = state.shape.join('.');
    }
    part('data').value = state.data;
    for (const button of part('view').querySelectorAll('button')) button.setAttribute('aria-pressed', String(button.value === state.view));
  };
  groups.addEventListener('input', () => change({ groups: divisorsOf(state.shape[1])[Number(groups.value)] }));
  shapes.addEventListener('change', () => {
    const shape = shapes.value.split('.').map(Number);
    change({ shape, at: state.at.map((index, i) => Math.min(index, shape[i] - 1)), edits: '' });
  });
  part('data').addEventListener('change', event => change({ data: event.target.value, edits: '' }));
  part('another').addEventListener('click', () => change({ seed: state.seed + 1, edits: '' }));
  part('view').addEventListener('click', event => { if (event.target.value) change({ view: event.target.value }); });

  // --- guess first
  function toggle(image, channel) {
    const plane = image * state.shape[1] + channel;
    guess.planes.has(plane) ? guess.planes.delete(plane) : guess.planes.add(plane);
    draw();
  }

  function drawGuess(of) {
    const [n, c] = state.shape, marks = new Uint8Array(n * c);
    guess.planes.forEach(plane => { marks[plane] = 1; });
    view.show({ ...pictureOf(state.view), shape: tensor.shape, set: guess.done ? of.rectangle : null, sets: [], at: state.at, marks: guess.done ? null : marks, faded: true });
    view.label = t('guess.ask', { layer: t(`layer.${state.layer}`) });
    if (!guess.done) {
      part('sentence').innerHTML = t('guess.ask', { layer: t(`layer.${state.layer}`) });
      return;
    }
    let right = 0, missed = 0, extra = 0;
    const rectangle = rectangleOf(state.layer, state.groups, state.shape, state.at[0], state.at[1]);
    for (let plane = 0; plane < n * c; plane++) {
      const isIn = inside(rectangle, Math.floor(plane / c), plane % c), isMarked = guess.planes.has(plane);
      if (isIn && isMarked) right++;
      else if (isIn) missed++;
      else if (isMarked) extra++;
    }
    const verdict = missed + extra === 0 ? t('guess.right') : t('guess.wrong', { right, missed, extra });
    part('sentence').innerHTML = `${verdict} ${sentence(of)}`;
  }

  const setGuess = on => {
    guess.on = on;
    guess.done = false;
    guess.planes = new Set([state.at[0] * state.shape[1] + state.at[1]]);
    root.classList.toggle('guessing', on);
    part('guess').hidden = on;
    part('reveal').hidden = !on;
    part('done').hidden = !on;
    part('sentence').setAttribute('aria-live', 'polite');
    draw();
  };
  part('guess').addEventListener('click', () => {
    const [n, c, h, w] = state.shape, next = (state.seed * 7 + state.at[0] * 5 + state.at[1] * 3 + 1);
    const others = ['batch', 'layer', 'instance', 'group'].filter(layer => layer !== state.layer);
    change({ layer: others[next % 3], at: [next % n, (next * 3) % c, (next * 5) % h, (next * 7) % w] });
    pinned = state.at;
    setGuess(true);
    view.element.focus();
  });
  part('reveal').addEventListener('click', () => { guess.done = true; root.classList.remove('guessing'); part('reveal').hidden = true; draw(); });
  part('done').addEventListener('click', () => setGuess(false));

  listen(changed => {
    if (['layer', 'groups', 'shape', 'data', 'view', 'lang'].some(key => changed.has(key))) controls();
    if (guess.on && ['layer', 'groups', 'shape'].some(key => changed.has(key))) setGuess(guess.on && !changed.has('shape') && !guess.done);
    if (changed.has('at') && !guess.on) draw();
    else if (changed.has('view') || changed.has('lang')) draw();
  });
  whenTheTensorChanges(draw);
  controls();
  root.view = view;
}
