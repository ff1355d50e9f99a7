// A diagnosis as the tool reports it: the sentence, what each hypothesis leaves, what is left, and the code.

import { barChart, rowChart } from './chart.js';
import { figure, t } from './words.js';

const escape = text => String(text).replace(/[&<>]/g, letter => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[letter]);

export function showReport(element, answer) {
  const rows = answer.tried.map((row, i) => ({
    name: row.text ? cut(row.text, 52) : t('report.nothing'), value: row.rms, kind: i === 0 ? 'good' : row.text ? 'one' : 'faint', text: figure(row.rms),
  }));
  const most = answer.byChannel.length, limit = answer.limit, bins = answer.histogram.length;
  element.innerHTML = `<p class="verdict" data-verdict="${answer.verdict}">${escape(answer.sentence)}</p>`
    + answer.notes.map(note => `<p class="small">${escape(note)}</p>`).join('')
    + (answer.sameAs.length ? `<p class="small">${t('report.same')} ${escape(answer.sameAs.join('; '))}.</p>` : '')
    + `<h4>${t('report.left')}</h4>${rowChart({ label: t('report.left'), rows, log: true, names: 330, width: 760 })}`
    + `<details class="behind"><summary>${t('table')}</summary><div class="table" tabindex="0" role="region" aria-label="${t('report.left')}"><table><thead><tr><th>${t('report.hypothesis')}</th><th>${t('report.largest')}</th><th>ULP</th><th>${t('report.explained')}</th></tr></thead><tbody>`
    + answer.tried.map(row => `<tr><th scope="row">${escape(row.text || t('report.nothing'))}</th><td>${figure(row.largest)}</td><td>${figure(row.ulp)}</td><td>${escape(row.explained)}</td></tr>`).join('') + '</tbody></table></div></details>'
    + `<div class="pair"><figure><figcaption>${t('report.byChannel')}</figcaption>${barChart({ label: t('report.byChannel'), values: answer.byChannel, labelOf: i => String(i), title: t('channel'), width: 420, kind: most ? 'one' : 'faint' })}</figure>`
    + `<figure><figcaption>${t('report.histogram')}</figcaption>${barChart({ label: t('report.histogram'), values: answer.histogram, labelOf: i => figure(Number(((2 * i + 1 - bins) / bins * limit).toPrecision(2))), title: t('report.difference'), width: 420 })}</figure></div>`
    + (answer.advice.length ? `<h4>${t('report.code')}</h4><dl class="advice">${answer.advice.map(({ library, code }) => `<dt>${escape(library)}</dt><dd><code>${escape(code)}</code></dd>`).join('')}</dl>` : '')
    + answer.changes.map(change => `<p class="small">${escape(change)}</p>`).join('')
    + (document.documentElement.lang.startsWith('zh') ? `<p class="small">${t('report.english')}</p>` : '');
}

const cut = (text, most) => text.length > most ? `${text.slice(0, most - 1)}…` : text;
