// The tensor that most pictures share: its numbers, computed by NormKit, and what is known of each set.

import { floats, live } from './engine.js';
import { rangeOf } from './colour.js';
import { allRectangles, offsetOf, placeOf, rectangleOf, runsOf, setOf } from './sets.js';
import { change, listen, state } from './state.js';

const listeners = new Set();

export const tensor = { x: null, y: null, sets: null, range: { x: null, y: null }, shape: null, layer: '', badge: '', edited: false };

export const whenTheTensorChanges = listener => listeners.add(listener);

/** Sets values: [[index, number], ...]. They go into the address, up to forty of them. */
export function edit(pairs) {
  const edits = new Map(parse(state.edits));
  for (const [index, value] of pairs) {
    const rounded = Number(value.toPrecision(4));
    edits.set(index, rounded);
    tensor.x[index] = rounded;
  }
  change({ edits: [...edits].slice(-40).map(([index, value]) => `${index}:${value}`).join('_') });
}

export const undoEdits = () => change({ edits: '' });

const parse = text => text.split('_').map(pair => pair.split(':').map(Number)).filter(([index, value]) => Number.isInteger(index) && index >= 0 && Number.isFinite(value));

const inputKeys = ['shape', 'seed', 'data'], outputKeys = ['layer', 'groups', 'eps', 'weight', 'bias', 'activation', 'edits'];

let newest = 0;

/** Asks for everything anew where an input changed, for the output alone otherwise. */
async function compute(isNewInput) {
  const { shape, seed, data, layer, groups, eps, weight, bias, activation } = state, [n, c] = shape;
  const size = shape.reduce((product, length) => product * length), calls = [];
  if (isNewInput) calls.push(['Live.Input', data, seed, ...shape]);
  const edits = parse(state.edits).filter(([index]) => index < size);
  for (const [index, value] of edits) calls.push(['Live.SetValue', index, value]);
  calls.push(['Live.Forward', layer, groups, eps, weight, bias, activation], ['Live.Sets']);
  // At its ends group norm is another layer; the difference is measured, not asserted.
  const twin = layer !== 'group' ? '' : groups === 1 ? 'layer' : groups === c ? 'instance' : '';
  if (twin && weight === 1 && bias === 0 && activation === 'none') calls.push(['Live.DifferenceFrom', twin, 1, eps]);
  const mine = ++newest;
  let results;
  try {
    results = isNewInput ? await live.ask(calls) : await live.latest('tensor', calls);
  } catch (error) {
    // What was asked before a change of the shape may not fit the tensor that is there now.
    if (mine === newest) throw error;
    return;
  }
  if (!results || (!isNewInput && tensor.x.length !== size)) return;
  if (isNewInput) {
    tensor.x = floats(results[0]);
    for (const [index, value] of edits) tensor.x[index] = value;
    tensor.range.x = rangeOf(tensor.x);
  }
  const first = calls.findIndex(([method]) => method === 'Live.Forward');
  Object.assign(tensor, { y: floats(results[first]), sets: results[first + 1], shape, layer, groups, eps, weight, bias, activation, edited: edits.length > 0 });
  tensor.range.y = rangeOf(tensor.y, activation === 'none' ? bias : undefined);
  tensor.twin = results.length > first + 2 ? { name: twin, difference: results[first + 2] } : null;
  for (const listener of listeners) listener();
}

let running = Promise.resolve();
const edited = { pending: '' };

export async function beginTensor(onError) {
  listen(changed => {
    const isNewInput = inputKeys.some(key => changed.has(key)) || (changed.has('edits') && lost(edited.pending, state.edits));
    edited.pending = state.edits;
    if (isNewInput) running = running.then(() => compute(true)).catch(onError);
    else if (outputKeys.some(key => changed.has(key))) running = compute(false).catch(onError);
  });
  edited.pending = state.edits;
  await compute(true);
}

// An edit that was taken back needs the number that was there.
const lost = (before, after) => { const kept = new Set(parse(after).map(([index]) => index)); return parse(before).some(([index]) => !kept.has(index)); };

/** What is known of the touched value. */
export function touched(at = state.at) {
  const { shape, layer, groups } = tensor, index = offsetOf(shape, at), set = setOf(layer, groups, shape, at[0], at[1]);
  const rectangle = rectangleOf(layer, groups, shape, at[0], at[1]);
  const [count, mean, variance, invStd] = tensor.sets.slice(4 * set, 4 * set + 4), x = tensor.x[index], y = tensor.y[index];
  return { index, set, rectangle, runs: runsOf(rectangle, shape), count, mean, variance, invStd, x, y, xHat: (x - mean) * invStd };
}

export const rectangles = () => allRectangles(tensor.layer, tensor.groups, tensor.shape);

export { placeOf, offsetOf };
