// A diagnosis as the tool reports it: the sentence, what each hypothesis leaves, what is left, and the code.

import { barChart, put, rowChart } from './chart.js';
import { figure, t } from './words.js';

const escape = text => String(text).replace(/[&<>]/g, letter => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[letter]);

/** heading: the level of its headings, 3 or 4. */
export function showReport(element, answer, heading) {
  const rows = answer.tried.map((row, i) => ({
    name: row.text || t('report.nothing'), value: row.rms, kind: i === 0 ? 'good' : row.text ? 'one' : 'faint', text: figure(row.rms),
  }));
  const limit = answer.limit, bins = answer.histogram.length;
  element.innerHTML = `<p class="verdict" data-verdict="${answer.verdict}">${escape(answer.sentence)}</p>`
    + answer.notes.map(note => `<p class="small">${escape(note)}</p>`).join('')
    + (answer.sameAs.length ? `<p class="small">${t('report.same')} ${escape(answer.sameAs.join('; '))}.</p>` : '')
    + `<h${heading}>${t('report.left')}</h${heading}><div data-chart="rows"></div>`
    + `<details class="behind"><summary>${t('table')}</summary><div class="table" tabindex="0" role="region" aria-label="${t('report.left')}"><table><thead><tr><th>${t('report.hypothesis')}</th><th>${t('report.largest')}</th><th>ULP</th><th>${t('report.explained')}</th></tr></thead><tbody>`
    + answer.tried.map(row => `<tr><th scope="row">${escape(row.text || t('report.nothing'))}</th><td>${figure(row.largest)}</td><td>${figure(row.ulp)}</td><td>${escape(row.explained)}</td></tr>`).join('') + '</tbody></table></div></details>'
    + `<div class="pair"><figure><figcaption>${t('report.byChannel')}</figcaption><div data-chart="channels"></div></figure><figure><figcaption>${t('report.histogram')}</figcaption><div data-chart="histogram"></div></figure></div>`
    + (answer.advice.length ? `<h${heading}>${t('report.code')}</h${heading}><dl class="advice">${answer.advice.map(({ library, code }) => `<dt>${escape(library)}</dt><dd><code>${escape(code)}</code></dd>`).join('')}</dl>` : '')
    + answer.changes.map(change => `<p class="small">${escape(change)}</p>`).join('')
    + (document.documentElement.lang.startsWith('zh') ? `<p class="small">${t('report.english')}</p>` : '');
  const chart = name => element.querySelector(`[data-chart=${name}]`);
  put(chart('rows'), rowChart, { label: t('report.left'), rows, log: true, stacked: true });
  put(chart('channels'), barChart, { label: t('report.byChannel'), values: answer.byChannel, labelOf: i => String(i), title: t('channel') });
  put(chart('histogram'), barChart, { label: t('report.histogram'), values: answer.histogram, labelOf: i => figure(Number(((2 * i + 1 - bins) / bins * limit).toPrecision(2))), title: t('report.difference'), labels: 2 });
}
