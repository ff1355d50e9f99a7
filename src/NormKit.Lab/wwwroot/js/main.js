import { beginAffine } from './affine.js';
import { beginBatch } from './batch.js';
import { beginCode } from './code.js';
import { live } from './engine.js';
import { beginEps } from './eps.js';
import { beginFiles } from './files.js';
import { beginGradient } from './gradient.js';
import { beginNotebook } from './notebook.js';
import { beginOffset } from './offset.js';
import { beginPaint } from './paint.js';
import { beginPhoto } from './photo.js';
import { begin, change, listen } from './state.js';
import { beginTensor } from './tensor.js';
import { beginTouch } from './touch.js';
import { beginTrain } from './train.js';
import { language, t, translate } from './words.js';

begin();
translate();

const chapter = name => document.getElementById(name);
const say = error => {
  const line = document.getElementById('trouble');
  line.hidden = false;
  line.textContent = t('trouble', { error: error.message });
  console.error(error);
};

const languages = document.getElementById('language');
const showLanguage = () => {
  for (const button of languages.querySelectorAll('button')) button.setAttribute('aria-pressed', String(button.value === language()));
};
languages.addEventListener('click', event => { if (event.target.value) change({ lang: event.target.value }); });
listen(changed => {
  if (!changed.has('lang')) return;
  translate();
  showLanguage();
});
showLanguage();

// The part after # holds the state, so links within the page move the view themselves.
for (const link of document.querySelectorAll('a[href^="#"]'))
  link.addEventListener('click', event => {
    event.preventDefault();
    const target = document.querySelector(link.getAttribute('href'));
    target.scrollIntoView();
    target.querySelector('h2, canvas')?.focus?.({ preventScroll: true });
  });

beginTouch(chapter('touch'));
beginPaint(chapter('paint'));

// What is further down begins when it comes near: nothing is computed that nobody sees.
const later = { batch: beginBatch, train: beginTrain, eps: beginEps, offset: beginOffset, affine: beginAffine, photo: beginPhoto, gradient: beginGradient };
const near = new IntersectionObserver(entries => {
  for (const { isIntersecting, target } of entries)
    if (isIntersecting) {
      near.unobserve(target);
      later[target.id](target, say);
    }
}, { rootMargin: '400px' });

beginFiles(chapter('files'));
beginNotebook(chapter('notebook'));
beginCode(chapter('code'));

try {
  await beginTensor(say);
  document.documentElement.dataset.ready = '';
  performance.mark('lab-ready');
  for (const name of Object.keys(later)) near.observe(chapter(name));
} catch (error) {
  say(error);
}

if ('serviceWorker' in navigator && location.protocol.startsWith('http')) {
  navigator.serviceWorker.addEventListener('message', () => { document.documentElement.dataset.offline = ''; });
  navigator.serviceWorker.register('./offline.js').then(() => navigator.serviceWorker.ready).then(registration => {
    const mine = performance.getEntriesByType('resource').map(entry => entry.name), page = location.href.split('#')[0];
    const files = [page, ...mine, ...live.files ?? []].map(file => file.split('#')[0]).filter(file => file.startsWith(location.origin));
    registration.active.postMessage({ files: [...new Set(files)] });
  }).catch(() => {});
}
