// Numbers far from zero: the error of the naive formula, of a single pass in float, and of NormKit. And the hashes that prove the bits.

import { heavy, live } from './engine.js';
import { rowChart, put } from './chart.js';
import { change, listen, state } from './state.js';
import { tableBehind } from './table.js';
import { figure, t } from './words.js';


export function beginOffset(root, say) {
  const part = name => root.querySelector(`[data-part=${name}]`);
  let errors = null;
  const rows = () => ['naive', 'onePass', 'normKit'].map((name, i) => ({ name: t(`offset.${name}`), value: errors[i], kind: ['bad', 'fair', 'good'][i], text: errors[i] === 0 ? '0' : figure(errors[i]) }));
  const table = tableBehind(part('table'), () => ({ head: [t('offset.way'), t('offset.error')], rows: errors ? rows().map(row => [row.name, row.text]) : [] }));
  const offset = () => state.offset === 0 ? 0 : Math.pow(10, state.offset);

  async function compute() {
    const results = await live.latest('offset', [['Experiments.OffsetErrors', offset(), state.seed]]);
    if (!results) return;
    [errors] = results;
    root.dataset.errors = JSON.stringify(errors);
    draw();
  }

  function draw() {
    if (!errors) return;
    part('offset').value = String(state.offset);
    part('offset-value').textContent = offset().toLocaleString('en-US');
    part('offset').setAttribute('aria-valuetext', part('offset-value').textContent);
    put(part('chart'), rowChart, { label: t('offset.chart'), rows: rows(), log: true, low: 1e-8, high: 10 });
    part('answer').innerHTML = t(errors[0] > 1e-2 ? 'offset.lost' : errors[0] > 1e-5 ? 'offset.losing' : 'offset.fine', { offset: offset().toLocaleString('en-US'), naive: figure(errors[0]), normKit: figure(errors[2]) });
    table();
  }

  part('offset').addEventListener('input', event => change({ offset: Number(event.target.value) }));
  part('hash').addEventListener('click', async event => {
    event.target.disabled = true;
    const list = part('hashes');
    list.innerHTML = '';
    try {
      const [names] = await heavy.ask([['Bits.Names']]);
      for (const name of names) {
        const [hash] = await heavy.ask([['Bits.Hash', name]]);
        list.insertAdjacentHTML('beforeend', `<li><span>${name}</span> <code>${hash}</code></li>`);
        part('hashed').textContent = t('bits.done', { done: list.children.length, all: names.length });
      }
    } catch (error) {
      say(error);
    }
    event.target.disabled = false;
  });
  listen(changed => {
    if (['offset', 'seed'].some(key => changed.has(key))) compute().catch(say);
    if (changed.has('lang')) draw();
  });
  compute().catch(say);
}
