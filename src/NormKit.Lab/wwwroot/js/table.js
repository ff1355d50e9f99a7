// The numbers behind a picture, for screen readers and for who wants them: a table that opens on demand and is filled when it does.

import { t } from './words.js';

export function tableBehind(details, fill) {
  let isFresh = false;
  const build = () => {
    if (!details.open || isFresh) return;
    isFresh = true;
    const { head, rows, caption } = fill();
    const text = value => String(value).replace(/[&<>]/g, letter => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[letter]);
    details.querySelector('.table').innerHTML = `<table>${caption ? `<caption>${text(caption)}</caption>` : ''}<thead><tr>${head.map(cell => `<th scope="col">${text(cell)}</th>`).join('')}</tr></thead>`
      + `<tbody>${rows.map(row => `<tr>${row.map((cell, i) => i ? `<td>${text(cell)}</td>` : `<th scope="row">${text(cell)}</th>`).join('')}</tr>`).join('')}</tbody></table>`;
  };
  details.innerHTML = `<summary>${t('table')}</summary><div class="table" tabindex="0" role="region" aria-label="${t('table')}"></div>`;
  details.addEventListener('toggle', build);
  return () => {
    details.querySelector('summary').textContent = t('table');
    isFresh = false;
    build();
  };
}
