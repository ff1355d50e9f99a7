// The tensor as the group norm paper draws it: a block with axes N, C and (H, W), on which the elements that share a mean are coloured.

const edge = { n: 3, c: 4, p: 4 };    // how many steps each axis of the drawing has
const unit = 11;

const right = [Math.cos(Math.PI / 6), -Math.sin(Math.PI / 6)], back = [-Math.cos(Math.PI / 6), -Math.sin(Math.PI / 6)];

/** An SVG of the block for a layer. Images go to the right, channels to the left, positions down. */
export function cube(layer, share) {
  const origin = [edge.c * unit * right[0] + 14, (edge.n + edge.c) * unit * 0.5 + 8];
  const at = (n, c, p) => [origin[0] + (n * right[0] + c * back[0]) * unit, origin[1] + (n * right[1] + c * back[1]) * unit + p * unit];
  const isIn = (n, c) => ({
    batch: c === 0, layer: n === 0, rms: n === 0, instance: n === 0 && c === 0, group: n === 0 && c < Math.max(1, Math.round(edge.c * share)),
  })[layer];
  const faces = [];
  const face = (points, n, c) => faces.push(`<path d="M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L')}Z" class="${isIn(n, c) ? 'in' : 'out'}"/>`);
  for (let n = 0; n < edge.n; n++)
    for (let c = 0; c < edge.c; c++) face([at(n, c, 0), at(n + 1, c, 0), at(n + 1, c + 1, 0), at(n, c + 1, 0)], n, c);
  for (let p = 0; p < edge.p; p++) {
    for (let n = 0; n < edge.n; n++) face([at(n, 0, p), at(n + 1, 0, p), at(n + 1, 0, p + 1), at(n, 0, p + 1)], n, 0);
    for (let c = 0; c < edge.c; c++) face([at(0, c, p), at(0, c + 1, p), at(0, c + 1, p + 1), at(0, c, p + 1)], 0, c);
  }
  const [lowX, lowY] = at(0, 0, edge.p), height = lowY + 13, width = origin[0] + edge.n * unit * right[0] + 6;
  const [nx, ny] = at(edge.n / 2, 0, edge.p), [cx, cy] = at(0, edge.c / 2, edge.p), [px, py] = at(0, edge.c, edge.p / 2);
  return `<svg class="cube" viewBox="0 0 ${width.toFixed(0)} ${height.toFixed(0)}" aria-hidden="true" focusable="false">${faces.join('')}`
    + `<text x="${(nx + 6).toFixed(1)}" y="${(ny + 9).toFixed(1)}">N</text><text x="${(cx - 10).toFixed(1)}" y="${(cy + 9).toFixed(1)}">C</text>`
    + `<text transform="translate(${(px - 4).toFixed(1)} ${(py + 9).toFixed(1)}) rotate(-90)">H,W</text></svg>`;
}
