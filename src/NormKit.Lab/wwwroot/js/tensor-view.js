// The picture of a tensor (N, C, H, W) on a canvas: a row for each image, a tile for each of its channels. One idea: every set that shares a mean is a
// rectangle of tiles, so the touched value's set can be framed, and everything else can step back.

import { beforeTheFrame, colours, named, stepOf, whenTheThemeChanges } from './colour.js';

const still = matchMedia('(prefers-reduced-motion: reduce)');

export class TensorView {
  #canvas; #context; #options; #shown = null; #target = null; #began = 0; #from = null; #layout = null; #focused = false;
  #draw = beforeTheFrame(() => this.#paint());
  #picture = { values: null, shape: [1, 1, 1, 1], range: { centre: 0, half: 1 }, set: null, sets: [], at: null, marks: null, spot: '', faded: true };

  /** options: {label, onTouch(place, final), onDrag(place, phase), onKey(key, place), rows: text, columns: text} */
  constructor(canvas, options) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d', { alpha: false });
    this.#options = options;
    canvas.tabIndex = 0;
    canvas.setAttribute('role', 'application');
    new ResizeObserver(this.#draw).observe(canvas.parentElement);
    whenTheThemeChanges(this.#draw);
    canvas.addEventListener('pointermove', event => this.#pointer(event, 'move'));
    canvas.addEventListener('pointerdown', event => {
      canvas.setPointerCapture(event.pointerId);
      this.#pointer(event, 'down');
    });
    canvas.addEventListener('pointerup', event => this.#pointer(event, 'up'));
    canvas.addEventListener('pointercancel', event => this.#pointer(event, 'up'));
    canvas.addEventListener('keydown', event => this.#key(event));
    canvas.addEventListener('focus', () => { this.#focused = true; this.#draw(); });
    canvas.addEventListener('blur', () => { this.#focused = false; this.#draw(); });
  }

  /** Shows what is given and keeps the rest. Of `set` the frame moves to its new place. */
  show(picture) {
    const before = this.#picture.set;
    Object.assign(this.#picture, picture);
    if ('set' in picture && before && picture.set && !same(before, picture.set) && !still.matches) {
      this.#from = this.#shown ?? before;
      this.#target = picture.set;
      this.#began = performance.now();
      this.#animate();
    } else if ('set' in picture) {
      this.#shown = picture.set;
      this.#target = null;
    }
    this.#draw();
  }

  set label(text) { this.#canvas.setAttribute('aria-label', text); }
  get element() { return this.#canvas; }

  #animate() {
    const share = Math.min(1, (performance.now() - this.#began) / 220), eased = 1 - Math.pow(1 - share, 3);
    const mix = key => this.#from[key] + (this.#target[key] - this.#from[key]) * eased;
    this.#shown = { n0: mix('n0'), n1: mix('n1'), c0: mix('c0'), c1: mix('c1') };
    this.#draw();
    if (share < 1) requestAnimationFrame(() => this.#target && this.#animate());
    else { this.#shown = this.#target; this.#target = null; }
  }

  #measure() {
    const { shape: [n, c, h, w] } = this.#picture;
    const width = Math.max(200, this.#canvas.parentElement.clientWidth), narrow = width < 460;
    const left = this.#options.rows ? (narrow ? 18 : n > 10 ? 74 : 66) : 4, top = this.#options.columns ? 22 : 4, gap = c > 16 ? 2 : narrow ? 4 : 7;
    const tile = Math.max(1, (width - left - 8 - gap * (c - 1)) / c);
    const cellWidth = tile / w, cellHeight = Math.min(cellWidth, (this.#options.tallest ?? 460) / n / h), tileHeight = cellHeight * h;
    return { width, height: Math.ceil(top + n * tileHeight + gap * (n - 1) + 8), left, top, gap, tile, tileHeight, cellWidth, cellHeight, narrow };
  }

  #paint() {
    const { values, shape: [n, c, h, w], range } = this.#picture;
    if (!values) return;
    const ratio = Math.min(2, devicePixelRatio || 1), layout = this.#layout = this.#measure(), canvas = this.#canvas;
    const pixelsWide = Math.round(layout.width * ratio), pixelsHigh = Math.round(layout.height * ratio);
    if (canvas.width !== pixelsWide || canvas.height !== pixelsHigh) {
      canvas.width = pixelsWide;
      canvas.height = pixelsHigh;
      canvas.style.width = `${layout.width}px`;
      canvas.style.height = `${layout.height}px`;
    }
    const context = this.#context, { clear, faint, paper } = colours();
    const image = context.createImageData(pixelsWide, pixelsHigh), pixels = new Uint32Array(image.data.buffer);
    pixels.fill(paper);
    // For each pixel column the channel and the column in its tile; -1 between tiles and, where cells are large, between cells.
    const channelAt = new Int16Array(pixelsWide).fill(-1), columnAt = new Int16Array(pixelsWide);
    const line = layout.cellWidth * ratio >= 9;
    for (let channel = 0; channel < c; channel++)
      for (let column = 0; column < w; column++) {
        const start = Math.round((layout.left + channel * (layout.tile + layout.gap) + column * layout.cellWidth) * ratio);
        const end = Math.round((layout.left + channel * (layout.tile + layout.gap) + (column + 1) * layout.cellWidth) * ratio) - (line ? 1 : 0);
        for (let x = start; x < Math.min(end, pixelsWide); x++) { channelAt[x] = channel; columnAt[x] = column; }
      }
    const { set, marks, faded, spot, at } = this.#picture, scale = 1 / range.half;
    for (let y = 0; y < pixelsHigh; y++) {
      const inTiles = y / ratio - layout.top, pitch = layout.tileHeight + layout.gap, row = Math.floor(inTiles / pitch);
      const within = inTiles - row * pitch;
      if (inTiles < 0 || row >= n || within >= layout.tileHeight) continue;
      const line2 = Math.min(h - 1, Math.floor(within / layout.cellHeight));
      if (line && within - line2 * layout.cellHeight > layout.cellHeight - 1 / ratio) continue;
      const rowBase = row * c * h * w + line2 * w, inRows = set && row >= set.n0 && row <= set.n1;
      for (let x = 0; x < pixelsWide; x++) {
        const channel = channelAt[x];
        if (channel < 0) continue;
        const step = stepOf((values[rowBase + channel * h * w + columnAt[x]] - range.centre) * scale);
        const isClear = spot === 'x' ? at && at[0] === row && at[1] === channel && at[2] === line2 && at[3] === columnAt[x]
          : marks ? marks[row * c + channel] : !faded || !set || (inRows && channel >= set.c0 && channel <= set.c1);
        pixels[y * pixelsWide + x] = isClear ? clear[step] : faint[step];
      }
    }
    context.putImageData(image, 0, 0);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#overlay(context, layout);
    context.setTransform(1, 0, 0, 1, 0, 0);
  }

  #overlay(context, layout) {
    const { shape: [n, c, h, w], sets, at, marks } = this.#picture, shown = this.#shown;
    const box = ({ n0, n1, c0, c1 }, grow) => [
      layout.left + c0 * (layout.tile + layout.gap) - grow, layout.top + n0 * (layout.tileHeight + layout.gap) - grow,
      (c1 - c0 + 1) * layout.tile + (c1 - c0) * layout.gap + 2 * grow, (n1 - n0 + 1) * layout.tileHeight + (n1 - n0) * layout.gap + 2 * grow];
    const rounded = (area, radius) => {
      context.beginPath();
      context.roundRect(...area, radius);
    };
    const family = getComputedStyle(document.body).fontFamily;
    context.font = `12px ${family}`;
    context.fillStyle = named('quiet');
    context.textBaseline = 'middle';
    if (this.#options.rows) {
      context.textAlign = 'right';
      const every = Math.ceil(14 / (layout.tileHeight + layout.gap));
      for (let image = 0; image < n; image += every) {
        const y = layout.top + image * (layout.tileHeight + layout.gap) + layout.tileHeight / 2;
        if (at && image === at[0]) { context.fillStyle = named('ink'); context.font = `600 12px ${family}`; }
        context.fillText(layout.narrow ? `${image}` : `${this.#options.rows()} ${image}`, layout.left - 9, y);
        context.fillStyle = named('quiet');
        context.font = `12px ${family}`;
      }
    }
    if (this.#options.columns) {
      context.textAlign = 'center';
      const wordy = layout.tile > 74, every = Math.ceil(18 / (layout.tile + layout.gap));
      for (let channel = 0; channel < c; channel += every) {
        const x = layout.left + channel * (layout.tile + layout.gap) + layout.tile / 2;
        if (at && channel === at[1]) { context.fillStyle = named('ink'); context.font = `600 12px ${family}`; }
        context.fillText(wordy || channel === 0 && layout.tile > 56 ? `${this.#options.columns()} ${channel}` : `${channel}`, x, 9);
        context.fillStyle = named('quiet');
        context.font = `12px ${family}`;
      }
    }
    const grow = Math.min(3, layout.gap / 2), radius = Math.min(6, layout.gap);
    if (sets?.length && sets.length <= 600) {
      context.strokeStyle = named('hair');
      context.lineWidth = 1;
      for (const one of sets) {
        rounded(box(one, grow), radius);
        context.stroke();
      }
    }
    if (shown && !marks) {
      context.strokeStyle = named('set');
      context.lineWidth = 2.25;
      const frame = box(shown, grow + 0.5);
      // The glow goes outward only, so that it does not tint the numbers.
      context.save();
      context.beginPath();
      context.rect(0, 0, layout.width, layout.height);
      context.roundRect(...frame, radius);
      context.clip('evenodd');
      context.shadowColor = named('glow');
      context.shadowBlur = 16;
      rounded(frame, radius);
      context.stroke();
      context.stroke();
      context.restore();
      rounded(frame, radius);
      context.stroke();
    }
    if (at) {
      const x = layout.left + at[1] * (layout.tile + layout.gap) + at[3] * layout.cellWidth, y = layout.top + at[0] * (layout.tileHeight + layout.gap) + at[2] * layout.cellHeight;
      const area = layout.cellWidth < 7 ? [x + layout.cellWidth / 2 - 4, y + layout.cellHeight / 2 - 4, 8, 8] : [x - 0.5, y - 0.5, layout.cellWidth, layout.cellHeight];
      context.lineWidth = 4.5;
      context.strokeStyle = named('paper');
      rounded(area, 2);
      context.stroke();
      context.lineWidth = 2.5;
      context.strokeStyle = named('touch');
      rounded(area, 2);
      context.stroke();
    }
    if (this.#focused && this.#canvas.matches(':focus-visible')) {
      context.strokeStyle = named('focus');
      context.lineWidth = 2;
      context.strokeRect(1, 1, layout.width - 2, layout.height - 2);
    }
  }

  /** The place under a point of the canvas; the nearest where it is between tiles. */
  place(x, y) {
    const layout = this.#layout ?? this.#measure(), [n, c, h, w] = this.#picture.shape;
    const clamp = (value, most) => Math.min(Math.max(value, 0), most);
    const channel = clamp(Math.floor((x - layout.left + layout.gap / 2) / (layout.tile + layout.gap)), c - 1);
    const image = clamp(Math.floor((y - layout.top + layout.gap / 2) / (layout.tileHeight + layout.gap)), n - 1);
    const column = clamp(Math.floor((x - layout.left - channel * (layout.tile + layout.gap)) / layout.cellWidth), w - 1);
    const row = clamp(Math.floor((y - layout.top - image * (layout.tileHeight + layout.gap)) / layout.cellHeight), h - 1);
    return [image, channel, row, column];
  }

  /** The middle of a place, in pixels of the canvas: for tests, and for who draws beside it. */
  middle([image, channel, row, column]) {
    const layout = this.#layout ?? this.#measure();
    return [layout.left + channel * (layout.tile + layout.gap) + (column + 0.5) * layout.cellWidth,
      layout.top + image * (layout.tileHeight + layout.gap) + (row + 0.5) * layout.cellHeight];
  }

  #pointer(event, phase) {
    const { left, top } = this.#canvas.getBoundingClientRect(), place = this.place(event.clientX - left, event.clientY - top);
    const isDown = phase === 'down' || (event.buttons & 1) === 1;
    if (this.#options.onDrag) this.#options.onDrag(place, phase, isDown, event);
    if (phase !== 'up' && (event.pointerType === 'mouse' || isDown)) this.#options.onTouch?.(place, isDown);
  }

  #key(event) {
    const { at, shape: [n, c, h, w] } = this.#picture;
    if (!at) return;
    let [image, channel, row, column] = at;
    const tiles = event.shiftKey;
    switch (event.key) {
      case 'ArrowRight': if (tiles || ++column === w) { channel = Math.min(c - 1, channel + 1); column = tiles ? column : channel === at[1] ? w - 1 : 0; } break;
      case 'ArrowLeft': if (tiles || --column < 0) { channel = Math.max(0, channel - 1); column = tiles ? column : channel === at[1] ? 0 : w - 1; } break;
      case 'ArrowDown': if (tiles || ++row === h) { image = Math.min(n - 1, image + 1); row = tiles ? row : image === at[0] ? h - 1 : 0; } break;
      case 'ArrowUp': if (tiles || --row < 0) { image = Math.max(0, image - 1); row = tiles ? row : image === at[0] ? 0 : h - 1; } break;
      case 'Home': column = 0; channel = 0; break;
      case 'End': column = w - 1; channel = c - 1; break;
      default:
        if (this.#options.onKey?.(event.key, at)) event.preventDefault();
        return;
    }
    event.preventDefault();
    this.#options.onTouch?.([image, channel, row, column], true);
  }
}

const same = (a, b) => a.n0 === b.n0 && a.n1 === b.n1 && a.c0 === b.c0 && a.c1 === b.c1;
