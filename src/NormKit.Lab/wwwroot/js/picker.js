// The choice of the layer: with cubes as on the top of the page, or small beside a picture. All of them are one choice.

import { cube } from './cube.js';
import { change, listen, state } from './state.js';
import { t } from './words.js';

export const layers = ['batch', 'layer', 'instance', 'group', 'rms'];
let last = 0;

export function picker(element, { cubes = false, only = layers } = {}) {
  const name = `layer${++last}`;
  element.classList.add('picker', cubes ? 'cubes' : 'small');
  element.setAttribute('role', 'radiogroup');
  const draw = () => {
    element.setAttribute('aria-label', t('layer'));
    const focused = document.activeElement?.closest?.('.picker') === element;
    element.innerHTML = only.map(layer => `<label class="${state.layer === layer ? 'on' : ''}"><input type="radio" name="${name}" value="${layer}"${state.layer === layer ? ' checked' : ''}>`
      + `${cubes ? cube(layer, 1 / state.groups) : ''}<span class="name">${t(`layer.${layer}`)}</span>${cubes ? `<span class="who">${t(`who.${layer}`)}</span>` : ''}</label>`).join('');
    if (focused) element.querySelector('input:checked')?.focus();
  };
  element.addEventListener('change', event => change({ layer: event.target.value }));
  listen(changed => { if (changed.has('layer') || changed.has('groups') || changed.has('lang')) draw(); });
  draw();
}
