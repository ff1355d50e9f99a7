// What normalizing does to the numbers of one set: each is a tick on the line of x, and on the line of y below. Subtracting the mean moves the line,
// dividing by the deviation stretches it.

import { named } from './colour.js';
import { Drawing } from './drawing.js';
import { figure } from './words.js';

export class NumberLines extends Drawing {
  constructor(canvas) { super(canvas, 148); }

  /** The picture is {before, after: the set's numbers, x, y: the touched one, mean, deviation, xBounds}. */
  paint(context, { before, after, x, y, mean, deviation, xBounds }, width) {
    const left = 22, right = width - 14, upper = 44, lower = 106, family = getComputedStyle(document.body).fontFamily;
    // One scale for both lines, which holds x and y: so moving and stretching are seen as such.
    const [low, high] = bounds([xBounds[0], xBounds[1], -2.6, 2.6, y]);
    const sx = value => left + (value - low) / (high - low) * (right - left);
    const ink = named('ink'), quiet = named('quiet'), hair = named('hair'), set = named('set'), touch = named('touch');
    context.font = `11.5px ${family}`;
    context.textBaseline = 'middle';
    for (const at of [upper, lower]) {
      context.strokeStyle = hair;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(left, at + 0.5);
      context.lineTo(right, at + 0.5);
      context.stroke();
    }
    context.fillStyle = set;
    context.globalAlpha = 0.13;
    band(context, sx(mean - deviation), sx(mean + deviation), upper);
    band(context, sx(-1), sx(1), lower);
    const every = Math.max(1, Math.ceil(before.length / 900));
    context.strokeStyle = ink;
    context.globalAlpha = Math.max(0.16, Math.min(0.75, 40 / (before.length / every)));
    context.lineWidth = 1;
    context.beginPath();
    for (let i = 0; i < before.length; i += every) {
      tick(context, sx(before[i]), upper);
      tick(context, sx(after[i]), lower);
    }
    context.stroke();
    // Threads from x to y for some.
    context.globalAlpha = 0.16;
    context.beginPath();
    const some = Math.max(1, Math.ceil(before.length / 48));
    for (let i = 0; i < before.length; i += some) {
      context.moveTo(sx(before[i]), upper + 9);
      context.lineTo(sx(after[i]), lower - 9);
    }
    context.stroke();
    context.globalAlpha = 1;
    context.strokeStyle = set;
    context.lineWidth = 1.75;
    context.setLineDash([4, 3]);
    context.beginPath();
    context.moveTo(sx(mean), upper - 11);
    context.lineTo(sx(mean), upper + 9);
    context.lineTo(sx(0), lower - 9);
    context.lineTo(sx(0), lower + 11);
    context.stroke();
    context.setLineDash([]);
    context.strokeStyle = touch;
    context.lineWidth = 2.25;
    context.beginPath();
    context.moveTo(sx(x), upper - 11);
    context.lineTo(sx(x), upper + 9);
    context.lineTo(sx(y), lower - 9);
    context.lineTo(sx(y), lower + 11);
    context.stroke();
    context.fillStyle = quiet;
    context.textAlign = 'left';
    context.font = `italic 600 14px ${named('serif')}`;
    context.fillText('x', 3, upper);
    context.fillText('y', 3, lower);
    context.font = `11.5px ${family}`;
    const write = (text, at, line, colour) => {
      const wide = context.measureText(text).width;
      context.fillStyle = colour;
      context.textAlign = 'left';
      context.fillText(text, Math.min(Math.max(at - wide / 2, 0), width - wide), line);
    };
    write(`μ = ${figure(mean)}`, sx(mean), upper - 30, set);
    write(`x = ${figure(x)}`, sx(x), upper - 17, touch);
    write('0', sx(0), lower + 18, set);
    write(`y = ${figure(y)}`, sx(y), lower + 32, touch);
    write('−1', sx(-1), lower + 18, quiet);
    write('1', sx(1), lower + 18, quiet);
  }
}

function band(context, from, to, at) {
  context.fillRect(from, at - 9, Math.max(1, to - from), 18);
}

function tick(context, x, at) {
  context.moveTo(x, at - 7);
  context.lineTo(x, at + 7);
}

function bounds(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low - (high - low) * 0.03, high + (high - low) * 0.03];
}
