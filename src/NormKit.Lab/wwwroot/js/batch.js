// One image in changing company: how far its output moves, by the size of the batch.

import { floats, live } from './engine.js';
import { lineChart, put } from './chart.js';
import { layers, picker } from './picker.js';
import { allRectangles } from './sets.js';
import { change, listen, state } from './state.js';
import { tableBehind } from './table.js';
import { TensorView } from './tensor-view.js';
import { figure, t } from './words.js';

const sizes = [2, 4, 8, 16, 32], draws = 24, steps = [1, 2, 4, 8, 16, 32, 64], shape = [1, 8, 4, 4];

export function beginBatch(root, say) {
  const part = name => root.querySelector(`[data-part=${name}]`);
  picker(part('layers'));
  const view = new TensorView(part('output'), { columns: () => t('channel'), tallest: 300 });
  view.element.setAttribute('role', 'img');
  view.element.tabIndex = -1;
  const slider = part('size');
  let movements = null, last = null;
  const table = tableBehind(part('table'), () => ({
    head: [t('batch.size'), ...layers.map(layer => t(`layer.${layer}`))], rows: sizes.map((size, i) => [size, ...layers.map(layer => figure(movements?.[layer]?.[i]))]),
  }));

  async function drawImage() {
    const { layer, batch, draw, seed, eps } = state;
    slider.value = String(steps.findIndex(step => step >= batch));
    slider.setAttribute('aria-valuetext', String(batch));
    part('size-value').textContent = t('batch.value', { batch });
    const results = await live.latest('batch', [['Experiments.FirstImage', layer, 2, eps, batch, 8, 4, 4, seed, draw], ['Experiments.FirstImage', layer, 2, eps, batch, 8, 4, 4, seed, draw - 1]]);
    if (!results) return;
    const [now, before] = results.map(floats);
    view.show({ values: now, shape, range: { centre: 0, half: 2.2 }, faded: false, sets: [] });
    let largest = 0;
    for (let i = 0; i < now.length; i++) largest = Math.max(largest, Math.abs(now[i] - before[i]));
    last = largest;
    part('answer').innerHTML = largest === 0 ? t('batch.still', { layer: t(`layer.${layer}`) }) : t('batch.moved', { largest: figure(largest), batch });
    view.label = part('answer').textContent;
  }

  async function drawChart() {
    const { seed, eps } = state;
    const results = await live.latest('movement', layers.map(layer => ['Experiments.Movement', layer, 2, eps, sizes, 8, 4, 4, seed, draws]));
    if (!results) return;
    movements = Object.fromEntries(layers.map((layer, i) => [layer, results[i]]));
    root.dataset.movement = JSON.stringify(movements);
    chart();
  }

  function chart() {
    if (!movements) return;
    put(part('chart'), lineChart, {
      label: t('batch.chart'), x: { title: t('batch.size'), values: sizes, log: true, ticks: sizes }, y: { title: t('batch.movement'), low: 0 },
      lines: [{ name: t('layer.batch'), values: movements.batch, kind: 'one' }, { name: t('batch.others'), values: movements.layer.map((_, i) => Math.max(...layers.slice(1).map(layer => movements[layer][i]))), kind: 'two' }],
    });
    table();
  }

  slider.addEventListener('input', () => change({ batch: steps[Number(slider.value)] }));
  part('draw').addEventListener('click', () => change({ draw: state.draw + 1 }));
  listen(changed => {
    if (['layer', 'batch', 'draw', 'seed', 'eps', 'lang'].some(key => changed.has(key))) drawImage().catch(say);
    if (['seed', 'eps'].some(key => changed.has(key))) drawChart().catch(say);
    if (changed.has('lang')) chart();
  });
  drawImage().catch(say);
  drawChart().catch(say);
}
