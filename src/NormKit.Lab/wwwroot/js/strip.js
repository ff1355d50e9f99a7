// The memory of the tensor as one strip, from its first number to its last: where the touched set lies in it.

import { colours, named, stepOf } from './colour.js';
import { Drawing } from './drawing.js';

export class Strip extends Drawing {
  constructor(canvas) { super(canvas, 30); }

  /** The picture is {values, range, runs, index}. */
  paint(context, { values, range, runs, index }, width, ratio) {
    const { canvas } = context, { clear, faint } = colours(), total = values.length;
    const image = context.createImageData(canvas.width, 1), pixels = new Uint32Array(image.data.buffer);
    let run = 0;
    for (let x = 0; x < canvas.width; x++) {
      const at = Math.min(total - 1, Math.floor((x + 0.5) / canvas.width * total));
      while (run < runs.length && at >= runs[run].start + runs[run].length) run++;
      const isIn = run < runs.length && at >= runs[run].start;
      pixels[x] = (isIn ? clear : faint)[stepOf((values[at] - range.centre) / range.half)];
    }
    const high = Math.round(14 * ratio), top = Math.round(8 * ratio);
    for (let y = 0; y < high; y++) context.putImageData(image, 0, top + y);
    context.strokeStyle = context.fillStyle = named('set');
    context.lineWidth = 2;
    if (runs.length <= 200)
      for (const { start, length } of runs) {
        const from = start / total * width, to = Math.max(from + 1.5, (start + length) / total * width);
        context.fillRect(from, 24.5, to - from, 2.5);
      }
    const at = (index + 0.5) / total * width;
    context.fillStyle = named('touch');
    context.beginPath();
    context.moveTo(at - 5, 0);
    context.lineTo(at + 5, 0);
    context.lineTo(at, 7);
    context.fill();
  }
}
