// Batch norm trains on batch after batch, then is evaluated: the running statistics as a chart, and what evaluation makes of the last batch.

import { live } from './engine.js';
import { lineChart, put } from './chart.js';
import { change, listen, state } from './state.js';
import { tableBehind } from './table.js';
import { figure, t } from './words.js';

const batches = 60, batch = 8, shiftAt = 36;
const momenta = [0.01, 0.03, 0.1, 0.3, 1, 0];

export function beginTrain(root, say) {
  const part = name => root.querySelector(`[data-part=${name}]`);
  let numbers = null;
  const column = i => Array.from({ length: batches }, (_, step) => numbers[4 * step + i]);
  const table = tableBehind(part('table'), () => ({
    head: [t('train.batch'), t('train.mean'), t('train.runningMean'), t('train.variance'), t('train.runningVariance')],
    rows: numbers ? column(0).map((mean, step) => [step + 1, figure(mean), figure(numbers[4 * step + 2]), figure(numbers[4 * step + 1]), figure(numbers[4 * step + 3])]) : [],
  }));

  async function compute() {
    const results = await live.latest('train', [['Experiments.Running', state.momentum, batches, batch, shiftAt, state.shift, state.seed]]);
    if (!results) return;
    [numbers] = results;
    draw();
  }

  function draw() {
    if (!numbers) return;
    const { momentum, shift } = state;
    part('momentum').value = String(momenta.indexOf(momentum) < 0 ? 2 : momenta.indexOf(momentum));
    part('momentum-value').textContent = momentum > 0 ? String(momentum) : t('train.cumulative');
    part('momentum').setAttribute('aria-valuetext', part('momentum-value').textContent);
    part('shift').value = String(shift);
    part('shift-value').textContent = figure(shift);
    const x = { title: t('train.batch'), values: Array.from({ length: batches }, (_, i) => i + 1) }, bands = shift ? [{ from: shiftAt + 1, to: batches, text: t('train.shifted') }] : [];
    put(part('means'), lineChart, { label: t('train.means'), x, bands, height: 220, y: { title: t('train.mean') }, lines: [{ name: t('train.ofBatch'), values: column(0), kind: 'faint' }, { name: t('train.running'), values: column(2), kind: 'one' }] });
    put(part('variances'), lineChart, { label: t('train.variances'), x, bands, height: 220, y: { title: t('train.variance'), low: 0 }, lines: [{ name: t('train.ofBatch'), values: column(1), kind: 'faint' }, { name: t('train.running'), values: column(3), kind: 'one' }] });
    const [trainMean, trainStd, evalMean, evalStd] = numbers.slice(4 * batches);
    part('answer').innerHTML = t('train.answer', { trainMean: figure(Math.abs(trainMean) < 1e-6 ? 0 : trainMean), trainStd: figure(trainStd), evalMean: figure(evalMean), evalStd: figure(evalStd) });
    table();
  }

  part('momentum').addEventListener('input', event => change({ momentum: momenta[Number(event.target.value)] }));
  part('shift').addEventListener('input', event => change({ shift: Number(event.target.value) }));
  listen(changed => {
    if (['momentum', 'shift', 'seed'].some(key => changed.has(key))) compute().catch(say);
    if (changed.has('lang')) draw();
  });
  compute().catch(say);
}
