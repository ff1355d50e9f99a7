// A canvas that is as wide as its parent.

import { beforeTheFrame, whenTheThemeChanges } from './colour.js';

/** Paints its picture again when the picture, the width or the theme changes. Subclasses have `paint(context, picture, width, ratio)`. */
export class Drawing {
  #canvas; #height; #picture = null;
  #draw = beforeTheFrame(() => this.#paint());

  constructor(canvas, height) {
    this.#canvas = canvas;
    this.#height = height;
    canvas.setAttribute('role', 'img');
    new ResizeObserver(this.#draw).observe(canvas.parentElement);
    whenTheThemeChanges(this.#draw);
  }

  show(picture) {
    this.#picture = picture;
    this.#draw();
  }

  set label(text) { this.#canvas.setAttribute('aria-label', text); }

  #paint() {
    const canvas = this.#canvas, width = canvas.parentElement.clientWidth, ratio = Math.min(2, devicePixelRatio || 1);
    if (!this.#picture || width < 1) return;
    // Setting a size clears the canvas.
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(this.#height * ratio);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${this.#height}px`;
    const context = canvas.getContext('2d');
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.paint(context, this.#picture, width, ratio);
  }
}
