// What eps does: the deviation of the output, which should be 1, for channels that vary less and less.

import { live } from './engine.js';
import { lineChart, put } from './chart.js';
import { change, listen, state } from './state.js';
import { tableBehind } from './table.js';
import { figure, t } from './words.js';

const deviations = Array.from({ length: 33 }, (_, i) => Math.pow(10, -6 + i / 4));

export function beginEps(root, say) {
  const part = name => root.querySelector(`[data-part=${name}]`);
  let spreads = null, here = 0;
  const table = tableBehind(part('table'), () => ({ head: [t('eps.input'), t('eps.output')], rows: spreads ? deviations.map((deviation, i) => [figure(deviation), figure(spreads[i])]) : [] }));

  async function compute() {
    const eps = Math.pow(10, state.logeps), deviation = Math.pow(10, state.spread);
    const results = await live.latest('eps', [['Experiments.OutputSpread', deviations, eps, state.seed], ['Experiments.OutputSpread', [deviation], eps, state.seed]]);
    if (!results) return;
    [spreads, [here]] = results;
    draw();
  }

  function draw() {
    if (!spreads) return;
    const eps = Math.pow(10, state.logeps), deviation = Math.pow(10, state.spread);
    part('eps').value = String(state.logeps);
    part('spread').value = String(state.spread);
    part('eps-value').textContent = figure(Number(eps.toPrecision(2)));
    part('spread-value').textContent = figure(Number(deviation.toPrecision(2)));
    part('eps').setAttribute('aria-valuetext', part('eps-value').textContent);
    part('spread').setAttribute('aria-valuetext', part('spread-value').textContent);
    put(part('chart'), lineChart, {
      label: t('eps.chart'), x: { title: t('eps.input'), values: deviations, log: true }, y: { title: t('eps.output'), low: 0, high: 1.08 }, lines: [{ values: spreads, kind: 'one' }], marks: [{ x: deviation }],
      bands: [{ from: deviations[0], to: Math.max(deviations[0], Math.min(deviations.at(-1), Math.sqrt(eps))), text: t('eps.rules') }],
    });
    part('answer').innerHTML = t(here > 0.99 ? 'eps.nothing' : here < 0.5 ? 'eps.much' : 'eps.some', { deviation: figure(Number(deviation.toPrecision(2))), variance: figure(Number((deviation * deviation).toPrecision(2))), eps: figure(Number(eps.toPrecision(2))), out: figure(here) });
    table();
  }

  part('eps').addEventListener('input', event => change({ logeps: Number(event.target.value) }));
  part('spread').addEventListener('input', event => change({ spread: Number(event.target.value) }));
  listen(changed => {
    if (['logeps', 'spread', 'seed'].some(key => changed.has(key))) compute().catch(say);
    if (changed.has('lang')) draw();
  });
  compute().catch(say);
}
