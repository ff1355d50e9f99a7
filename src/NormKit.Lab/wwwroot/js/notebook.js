// The notebook's four cells, in order, run here.

import { heavy } from './engine.js';
import { showReport } from './report.js';
import { listen, state } from './state.js';
import { count, figure, t } from './words.js';

const cells = [
  { layer: 'batch', number: 47, printed: [13.8286, 2.0101], code: `inputs = torch.rand([16,32,64,64])
mean = torch.mean(inputs, [0,2,3], keepdim=True)
var = torch.var(inputs, [0,2,3], keepdim=True)
bn = nn.BatchNorm2d(32)(inputs)
bn_ = (inputs-mean)/torch.sqrt(var+1e-5)
print(torch.sum(torch.abs(bn-bn_)))
print(torch.sum(pdist(bn, bn_)))` },
  { layer: 'layer', number: 48, printed: [6.9151, 1.0266], code: `inputs = torch.rand([16,32,64,64])
mean = torch.mean(inputs, [1,2,3], keepdim=True)
var = torch.var(inputs, [1,2,3], keepdim=True)
ln = nn.LayerNorm([32,64,64])(inputs)
ln_ = (inputs-mean)/torch.sqrt(var+1e-5)
print(torch.sum(torch.abs(ln-ln_)))
print(torch.sum(pdist(ln, ln_)))` },
  { layer: 'instance', number: 49, printed: [221.6718, 31.9452], code: `inputs = torch.rand([16,32,64,64])
mean = torch.mean(inputs, [2,3], keepdim=True)
var = torch.var(inputs, [2,3], keepdim=True)
In = nn.InstanceNorm2d(32)(inputs)
In_ = (inputs-mean)/torch.sqrt(var+1e-5)
print(torch.sum(torch.abs(In-In_)))
print(torch.sum(pdist(In, In_)))` },
  { layer: 'group', number: 50, printed: [55.4126, 31.9452], code: `groups = 8
inputs = torch.rand([16,32,64,64])
inputs_ = inputs.reshape([16, groups, 32//groups, 64, 64])
mean = torch.mean(inputs_, [2,3,4], keepdim=True)
var = torch.var(inputs_, [2,3,4], keepdim=True)
gn = nn.GroupNorm(groups, 32)(inputs)
gn_ = (inputs_-mean)/torch.sqrt(var+1e-5)
gn_ = gn_.reshape([16, 32, 64,64])
print(torch.sum(torch.abs(gn-gn_)))
print(torch.sum(pdist(In, In_)))` },
];

export function beginNotebook(root) {
  const part = name => root.querySelector(`[data-part=${name}]`);
  const results = [], answers = [];

  function draw() {
    part('cells').innerHTML = cells.map(({ layer, number, printed, code }, i) => {
      const result = results[i], isLast = layer === 'group';
      return `<article class="cell" data-cell="${i}"><h3><span class="in">In [${number}]</span> ${t(`layer.${layer}`)}</h3><div class="cellgrid"><pre tabindex="0" aria-label="${t('notebook.code')}"><code>${mark(code, isLast)}</code></pre>`
        + `<div><table class="figures"><thead><tr><td></td><th scope="col">${t('notebook.printed')}</th><th scope="col">${t('notebook.here')}</th></tr></thead><tbody>`
        + `<tr><th scope="row">∑|${t('notebook.difference')}|</th><td>${printed[0]}</td><td data-figure="sum">${result ? result.sum.toFixed(4) : '…'}</td></tr>`
        + `<tr><th scope="row">∑ pdist${isLast ? ' (In, In_)' : ''}</th><td>${printed[1]}</td><td data-figure="distance">${result ? (result.printedDistance ?? NaN).toFixed(4) : '…'}</td></tr>`
        + (isLast ? `<tr><th scope="row">∑ pdist (gn, gn_)</th><td>–</td><td data-figure="right">${result ? result.distance.toFixed(4) : '…'}</td></tr>` : '')
        + `<tr><th scope="row">${t('notebook.population')}</th><td>–</td><td data-figure="population">${result ? figure(result.sumPopulation) : '…'}</td></tr></tbody></table>`
        + (result ? `<p>${t(isLast ? 'notebook.lastReason' : 'notebook.reason', { n: count(result.count), less: count(result.count - 1), predicted: result.predicted.toFixed(4), right: result.distance.toFixed(4), wrong: (result.printedDistance ?? NaN).toFixed(4) })}</p><button type="button" data-explain="${i}">${t('notebook.explain')}</button>` : '')
        + `<div class="explanation" data-explanation="${i}"></div></div></div></article>`;
    }).join('');
    answers.forEach((answer, i) => { if (answer) showReport(root.querySelector(`[data-explanation="${i}"]`), answer, 4); });
  }

  const mark = (code, isLast) => code.split('\n').map(line => isLast && line.includes('pdist(In') ? `<mark>${line}</mark>` : line).join('\n');

  part('run').addEventListener('click', async () => {
    const bar = part('progress'), button = part('run');
    button.disabled = true;
    bar.hidden = false;
    part('note').textContent = '';
    try {
      for (let cell = 0; cell < cells.length; cell++) {
        const [text] = await heavy.ask([['Notebook.Run', cell, state.seed]], share => { bar.value = (cell + share) / cells.length; });
        results[cell] = JSON.parse(text);
        draw();
      }
      part('note').textContent = t('notebook.done');
    } catch (error) {
      part('note').textContent = error.message;
    }
    bar.hidden = true;
    button.disabled = false;
  });

  part('cells').addEventListener('click', async event => {
    const cell = event.target.dataset.explain;
    if (cell === undefined) return;
    event.target.disabled = true;
    const bar = part('progress');
    bar.hidden = false;
    bar.removeAttribute('value');
    try {
      const [text] = await heavy.ask([['Notebook.Explain', Number(cell), state.seed]], share => { bar.value = share; });
      answers[cell] = JSON.parse(text);
      showReport(root.querySelector(`[data-explanation="${cell}"]`), answers[cell], 4);
    } catch (error) {
      part('note').textContent = error.message;
    }
    bar.hidden = true;
    event.target.disabled = false;
  });

  listen(changed => { if (changed.has('lang')) draw(); });
  draw();
}
