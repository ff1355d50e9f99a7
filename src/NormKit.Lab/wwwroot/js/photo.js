// A photo through the layers, and in the colours of another. The photos stay in this page.

import { bytes, floats, heavy } from './engine.js';
import { t } from './words.js';

const side = 160;

export function beginPhoto(root, say) {
  const part = name => root.querySelector(`[data-part=${name}]`);
  const photos = { content: scene(0), style: scene(1) };

  function put(canvas, data) {
    canvas.width = canvas.height = side;
    canvas.getContext('2d').putImageData(new ImageData(data, side, side), 0, 0);
  }

  /** Planes of 0 to 1 as pixels; with spread, outputs of mean 0 and deviation 1 are shown around grey. */
  function pixels(planes, spread) {
    const data = new Uint8ClampedArray(4 * side * side);
    for (let i = 0; i < side * side; i++) {
      for (let c = 0; c < 3; c++) {
        const value = planes[c * side * side + i];
        data[4 * i + c] = 255 * (spread ? 0.5 + value * 0.22 : value);
      }
      data[4 * i + 3] = 255;
    }
    return data;
  }

  async function compute() {
    const { content, style } = photos, both = new Float32Array(content.length * 2);
    both.set(content);
    both.set(style, content.length);
    put(part('content'), pixels(content));
    put(part('style'), pixels(style));
    const [batch, instance, layer, adapted] = (await heavy.ask([
      ['Photos.Normalize', 'batch', bytes(both), 2, side, side], ['Photos.Normalize', 'instance', bytes(content), 1, side, side],
      ['Photos.Normalize', 'layer', bytes(content), 1, side, side], ['Photos.Adapt', bytes(content), bytes(style), side, side]])).map(floats);
    put(part('batch'), pixels(batch.subarray(0, content.length), true));
    put(part('instance'), pixels(instance, true));
    put(part('layer'), pixels(layer, true));
    put(part('adapted'), pixels(adapted));
  }

  async function take(kind, file) {
    const note = part('note');
    note.textContent = '';
    try {
      const bitmap = await createImageBitmap(file), canvas = document.createElement('canvas');
      canvas.width = canvas.height = side;
      const cut = Math.min(bitmap.width, bitmap.height), context = canvas.getContext('2d', { willReadFrequently: true });
      context.drawImage(bitmap, (bitmap.width - cut) / 2, (bitmap.height - cut) / 2, cut, cut, 0, 0, side, side);
      photos[kind] = planesOf(context);
      await compute();
    } catch (error) {
      note.textContent = error.name === 'InvalidStateError' ? t('photo.broken', { name: file.name }) : error.message;
    }
  }

  for (const kind of ['content', 'style']) part(`${kind}-file`).addEventListener('change', event => { if (event.target.files[0]) take(kind, event.target.files[0]); });
  compute().catch(say);
}

function planesOf(context) {
  const { data } = context.getImageData(0, 0, side, side), planes = new Float32Array(3 * side * side);
  for (let i = 0; i < side * side; i++) for (let c = 0; c < 3; c++) planes[c * side * side + i] = data[4 * i + c] / 255;
  return planes;
}

/** Two landscapes, drawn here: a hazy morning and a red evening. */
function scene(which) {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = side;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const sky = context.createLinearGradient(0, 0, 0, side);
  const [top, bottom, sun, far, near, ground] = which
    ? ['#2b1b4d', '#f2703a', '#ffe08a', '#6b2a52', '#3c1538', '#1b0c22'] : ['#9fb8c4', '#d7dccf', '#f3ecd2', '#94a8a6', '#7e9488', '#6d8271'];
  sky.addColorStop(0, top);
  sky.addColorStop(1, bottom);
  context.fillStyle = sky;
  context.fillRect(0, 0, side, side);
  context.fillStyle = sun;
  context.beginPath();
  context.arc(which ? 52 : 112, which ? 86 : 40, 15, 0, 7);
  context.fill();
  [[far, 92, 22, 0.045, 0.4], [near, 112, 14, 0.08, 2], [ground, 134, 7, 0.05, 4]].forEach(([colour, base, high, pace, phase]) => {
    context.fillStyle = colour;
    context.beginPath();
    context.moveTo(0, side);
    for (let x = 0; x <= side; x++) context.lineTo(x, base - high * Math.sin(x * pace + phase + which) - high * 0.4 * Math.sin(x * pace * 2.7 + phase));
    context.lineTo(side, side);
    context.fill();
  });
  context.fillStyle = ground;
  for (let i = 0; i < 9; i++) {
    const x = 8 + i * 18 + (i * 37 % 11), y = 122 + (i * 53 % 17), tall = 16 + (i * 29 % 12);
    context.beginPath();
    context.moveTo(x, y - tall);
    context.lineTo(x + tall * 0.32, y + 6);
    context.lineTo(x - tall * 0.32, y + 6);
    context.fill();
  }
  return planesOf(context);
}
