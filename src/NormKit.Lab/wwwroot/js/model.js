// The norms of a model file as normkit inspect lists them: the sentence, what is wrong, and a row for each norm.

import { count, figure, t } from './words.js';

const escape = text => String(text ?? '').replace(/[&<>"]/g, letter => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[letter]), most = 400;

/** answer: {headline, model}, the second as normkit inspect --json prints it. heading: the level of its headings. */
export function showModel(element, { headline, model }, heading) {
  const { norms } = model, found = norms.flatMap(norm => norm.findings.map(finding => ({ ...finding, name: norm.name })));
  element.innerHTML = `<h${heading}>${t('model.title', { name: escape(model.model) })}</h${heading}><p class="verdict" data-norms="${norms.length}" data-findings="${found.length}">${escape(headline)}</p>`
    + `<p class="small">${t('model.file', { format: escape(model.format), tensors: count(model.tensors), architecture: escape(model.architecture ?? '') })}</p>`
    + model.notes.map(note => `<p class="small">${escape(note)}</p>`).join('')
    + (found.length ? `<h${heading}>${t('model.findings')}</h${heading}><ul class="findings">${found.slice(0, 20).map(({ name, text }) => `<li><code>${escape(name)}</code> ${escape(text)}</li>`).join('')}</ul>${found.length > 20 ? `<p class="small">${t('files.more', { rest: count(found.length - 20) })}</p>` : ''}` : '')
    + (norms.length ? `<div class="table" tabindex="0" role="region" aria-label="${t('model.norms')}"><table><thead><tr><th scope="col">${t('model.norm')}</th><th scope="col">${t('model.kind')}</th><th scope="col">${t('shape')}</th><th scope="col">eps</th></tr></thead><tbody>`
      + norms.slice(0, most).map(norm => `<tr><th scope="row">${escape(norm.name)}</th><td>${escape(norm.kind)}</td><td>[${norm.shape.join(', ')}]</td><td>${norm.eps === null ? '?' : figure(norm.eps)}</td></tr>`).join('')
      + `</tbody></table>${norms.length > most ? `<p class="small">${t('files.more', { rest: count(norms.length - most) })}</p>` : ''}</div>` : '')
    + (document.documentElement.lang.startsWith('zh') ? `<p class="small">${t('report.english')}</p>` : '');
}
