// Files that a visitor drops: their tensors, and the diagnosis of two of them. Nothing leaves the page.

import { heavy } from './engine.js';
import { showModel } from './model.js';
import { showReport } from './report.js';
import { listen } from './state.js';
import { count, t } from './words.js';

const roles = ['input', 'output', 'weight', 'bias', 'runningMean', 'runningVar'], patience = 90_000, most = 400e6;

// How files name them; the first that fits is proposed.
const usual = {
  input: /(^|[^a-z])(x|in|input|inputs)(\.npy)?$/i, output: /(^|[^a-z])(y|out|output|outputs|bn_?|ln_?|in_|gn_?)(\.npy)?$/i, weight: /(weight|gamma|scale|(^|[^a-z])w)(\.npy)?$/i,
  bias: /(bias|beta|(^|[^a-z])b)(\.npy)?$/i, runningMean: /(running_mean|moving_mean)(\.npy)?$/i, runningVar: /(running_var|moving_variance)(\.npy)?$/i,
};

export function beginFiles(root) {
  const part = name => root.querySelector(`[data-part=${name}]`);
  let tensors = [], answer = null, model = null;

  const say = text => { part('note').textContent = text; };

  async function open(files) {
    say('');
    // A model's config.json holds its eps: it has to be known before the model is read.
    for (const file of files.toSorted((a, b) => (b.name === 'config.json') - (a.name === 'config.json'))) {
      if (file.size > most) { say(t('files.large', { name: file.name })); continue; }
      part('busy').hidden = false;
      try {
        const content = new Uint8Array(await file.arrayBuffer()), [text] = await patiently([['Dropped.Open', file.name, content]], file.name);
        const read = JSON.parse(text);
        if (read.error) say(read.error);
        else if (read.model) showModel(part('model'), model = read, 3);
        if (!read.error) tensors = [...tensors.filter(known => !read.tensors.some(tensor => tensor.name === known.name)), ...read.tensors];
      } catch (error) {
        tensors = [];
        say(error.message);
      }
      part('busy').hidden = true;
    }
    list();
    if (part('input').value && part('output').value && part('input').value !== part('output').value && tensors.some(tensor => usual.output.test(tensor.name))) diagnose();
  }

  // A damaged file must not take the page along: after a while the worker is given up, and the next question gets a new one.
  function patiently(calls, name, progress) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => heavy.restart(t('files.gaveUp', { name })), patience);
      heavy.ask(calls, progress).then(resolve, error => reject(new Error(/memory|unreachable|aborted/i.test(error.message) ? t('files.memory', { name }) : error.message))).finally(() => clearTimeout(timer));
    });
  }

  function list() {
    part('tensors').innerHTML = tensors.length === 0 ? '' : `<table><thead><tr><th>${t('files.tensor')}</th><th>${t('shape')}</th><th>${t('files.type')}</th></tr></thead><tbody>${tensors.slice(0, 400).map(tensor =>
      `<tr><th scope="row">${safe(tensor.name)}</th><td>[${tensor.shape.join(', ')}]</td><td>${tensor.type}</td></tr>`).join('')}</tbody></table>${tensors.length > 400 ? `<p class="small">${t('files.more', { rest: count(tensors.length - 400) })}</p>` : ''}`;
    part('choose').hidden = tensors.length < 2;
    const taken = new Set();
    for (const role of roles) {
      const select = part(role), before = select.value, needed = role === 'input' || role === 'output';
      select.innerHTML = (needed ? '' : `<option value="">${t('files.none')}</option>`) + tensors.map(tensor => `<option value="${safe(tensor.name)}">${safe(tensor.name)}</option>`).join('');
      const proposed = tensors.find(tensor => usual[role].test(tensor.name) && !taken.has(tensor.name)) ?? (needed ? tensors.find(tensor => !taken.has(tensor.name)) : null);
      select.value = tensors.some(tensor => tensor.name === before) && before ? before : proposed?.name ?? '';
      if (select.value) taken.add(select.value);
    }
  }

  async function diagnose() {
    const chosen = roles.map(role => part(role).value), bar = part('progress');
    if (!chosen[0] || !chosen[1]) return;
    say('');
    bar.hidden = false;
    bar.removeAttribute('value');
    part('report').innerHTML = '';
    try {
      const [text] = await patiently([['Dropped.Diagnose', ...chosen]], chosen[1], share => { bar.value = share; });
      answer = JSON.parse(text);
      if (answer.error) { say(answer.error); answer = null; }
      else showReport(part('report'), answer, 3);
    } catch (error) {
      tensors = [];
      list();
      say(error.message);
    }
    bar.hidden = true;
  }

  part('file').addEventListener('change', event => { open([...event.target.files]); event.target.value = ''; });
  part('diagnose').addEventListener('click', diagnose);
  part('example').addEventListener('click', async () => {
    part('busy').hidden = false;
    const [text] = await heavy.ask([['Dropped.Example']]).finally(() => { part('busy').hidden = true; });
    tensors = JSON.parse(text).tensors;
    list();
    part('input').value = tensors[0].name;
    part('output').value = tensors[1].name;
    diagnose();
  });
  const zone = part('zone');
  for (const type of ['dragenter', 'dragover']) addEventListener(type, event => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    zone.classList.add('over');
  });
  addEventListener('dragleave', event => { if (!event.relatedTarget) zone.classList.remove('over'); });
  addEventListener('drop', event => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    zone.classList.remove('over');
    root.scrollIntoView({ block: 'start' });
    open([...event.dataTransfer.files]);
  });
  listen(changed => {
    if (!changed.has('lang')) return;
    list();
    if (answer) showReport(part('report'), answer, 3);
    if (model) showModel(part('model'), model, 3);
  });
}

const safe = text => text.replace(/[&<>"]/g, letter => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[letter]);
