// Who shares a mean with whom, for an input (N, C, H, W). A plane is one channel of one image: every set is made of whole planes.

/** The index of a plane's set, in the order in which NormKit keeps the statistics: batch first. */
export function setOf(layer, groups, [, c], image, channel) {
  switch (layer) {
    case 'batch': return channel;
    case 'instance': return image * c + channel;
    case 'group': return image * groups + Math.floor(channel / (c / groups));
    default: return image;    // layer norm and RMS norm over (C, H, W)
  }
}

/** The planes of the set that a plane belongs to, as a rectangle: images from..to, channels from..to, both ends included. */
export function rectangleOf(layer, groups, [n, c], image, channel) {
  switch (layer) {
    case 'batch': return { n0: 0, n1: n - 1, c0: channel, c1: channel };
    case 'instance': return { n0: image, n1: image, c0: channel, c1: channel };
    case 'group': {
      const size = c / groups, first = Math.floor(channel / size) * size;
      return { n0: image, n1: image, c0: first, c1: first + size - 1 };
    }
    default: return { n0: image, n1: image, c0: 0, c1: c - 1 };
  }
}

/** All sets as rectangles. */
export function allRectangles(layer, groups, [n, c]) {
  const seen = new Map();
  for (let image = 0; image < n; image++)
    for (let channel = 0; channel < c; channel++) {
      const key = setOf(layer, groups, [n, c], image, channel);
      if (!seen.has(key)) seen.set(key, rectangleOf(layer, groups, [n, c], image, channel));
    }
  return [...seen.values()];
}

/** The runs of consecutive numbers in memory that a rectangle of planes is. */
export function runsOf({ n0, n1, c0, c1 }, [, c, h, w]) {
  const plane = h * w, length = (c1 - c0 + 1) * plane, runs = [];
  for (let image = n0; image <= n1; image++) {
    const start = (image * c + c0) * plane;
    const last = runs.at(-1);
    if (last && last.start + last.length === start) last.length += length;
    else runs.push({ start, length });
  }
  return runs;
}

export const inside = (rectangle, image, channel) =>
  image >= rectangle.n0 && image <= rectangle.n1 && channel >= rectangle.c0 && channel <= rectangle.c1;

export const offsetOf = ([, c, h, w], [n, channel, row, column]) => ((n * c + channel) * h + row) * w + column;

export function placeOf([, c, h, w], index) {
  const column = index % w, row = Math.floor(index / w) % h, plane = Math.floor(index / (w * h));
  return [Math.floor(plane / c), plane % c, row, column];
}
