/**
 * Drawing and manners that every live view shares.
 *
 * What: crisp canvases that follow their CSS size, colours read from live.css (so a canvas follows
 * the page into dark mode), grey images in the page's own ink, one redraw per animation frame. Why:
 * a widget must look like a part of the page and answer within a frame, and both are easy to get
 * wrong twice.
 */

/**
 * @typedef {{paper: string, ink: string, text: string, muted: string, line: string, border: string,
 *   accent: string, font: string, shades: Uint32Array}} Theme
 *   `shades` holds the 256 grey levels from paper to ink, as RGBA words
 */

/**
 * A new element. @param {string} tag @param {string} className
 * @param {Record<string, string>} [attributes]
 */
export function element(tag, className, attributes = {}) {
  const made = document.createElement(tag);
  made.className = className;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/**
 * A canvas with its caption above, which `name` changes. @param {string} caption @param {string} className
 * @param {Record<string, string>} attributes
 */
export function panel(caption, className, attributes) {
  const figure = element("div", "aecore-panel");
  const heading = element("div", "aecore-caption");
  heading.textContent = caption;
  const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", className, attributes));
  figure.append(heading, canvas);
  const name = (/** @type {string} */ text) => {
    if (heading.textContent !== text) heading.textContent = text;
  };
  return { figure, canvas, name };
}

/** "#rrggbb" to three numbers. @param {string} hex */
export function channels(hex) {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}

/** The colours in force where `root` stands. @param {Element} root @returns {Theme} */
export function readTheme(root) {
  const style = getComputedStyle(root);
  /** @param {string} name */
  const colour = (name) => style.getPropertyValue(`--aecore-${name}`).trim();
  const [paper, ink] = [channels(colour("paper")), channels(colour("ink"))];
  const shades = new Uint32Array(256);
  for (let level = 0; level < 256; level++) {
    const [r, g, b] = paper.map((from, i) => Math.round(from + ((ink[i] - from) * level) / 255));
    shades[level] = (255 << 24) | (b << 16) | (g << 8) | r;
  }
  return {
    paper: colour("paper"),
    ink: colour("ink"),
    text: colour("text"),
    muted: colour("muted"),
    line: colour("line"),
    border: colour("border"),
    accent: colour("accent"),
    font: style.fontFamily,
    shades,
  };
}

/**
 * Where the points of a square region of the plane fall on a square canvas, the second coordinate upwards.
 * `unit` is one CSS pixel in bitmap pixels.
 * @param {HTMLCanvasElement} canvas @param {number[]} region centre and half-width @param {number} [cssWidth]
 */
export function frameOf(canvas, [c1, c2, extent], cssWidth = canvas.clientWidth) {
  const { width, height } = canvas;
  return {
    context: /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")),
    unit: width / cssWidth,
    x: (/** @type {number} */ value) => ((value - c1) / extent + 1) * 0.5 * width,
    y: (/** @type {number} */ value) => (1 - (value - c2) / extent) * 0.5 * height,
  };
}

/** Wipe a canvas, whatever was drawn on it last. @param {HTMLCanvasElement} canvas @param {Theme} theme */
export function wipe(canvas, theme) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.globalAlpha = 1;
  context.setLineDash([]);
  context.fillStyle = theme.paper;
  context.fillRect(0, 0, canvas.width, canvas.height);
  return context;
}

/**
 * Stroke a path in the accent on an edge of paper, so that it stands out on any picture.
 * @param {CanvasRenderingContext2D} context @param {Theme} theme @param {number} width in pixels of the bitmap
 * @param {() => void} path
 */
export function strokeMark(context, theme, width, path) {
  for (const [colour, thickness] of /** @type {[string, number][]} */ ([
    [theme.paper, 2 * width],
    [theme.accent, width],
  ])) {
    context.strokeStyle = colour;
    context.lineWidth = thickness;
    context.beginPath();
    path();
    context.stroke();
  }
}

/**
 * A short name on a plate with a coloured edge, centred at a place of the bitmap.
 * @param {CanvasRenderingContext2D} context @param {number[]} at @param {string} text @param {string} colour
 * @param {Theme} theme @param {number} unit
 */
export function pill(context, at, text, colour, theme, unit) {
  context.font = `700 ${11.5 * unit}px ${theme.font}`;
  const height = 18 * unit;
  const width = Math.max(height, context.measureText(text).width + 9 * unit);
  context.beginPath();
  context.roundRect(at[0] - width / 2, at[1] - height / 2, width, height, height / 2);
  context.fillStyle = theme.paper;
  context.fill();
  context.lineWidth = 2 * unit;
  context.strokeStyle = colour;
  context.stroke();
  context.fillStyle = theme.text;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(text, at[0], at[1] + 0.5 * unit);
}

/**
 * Call `changed` whenever the page switches between light and dark.
 * @param {() => void} changed @param {AbortSignal} signal
 */
export function onThemeChange(changed, signal) {
  const observer = new MutationObserver(changed);
  const options = { attributeFilter: ["data-theme", "data-jp-theme-light", "theme", "class"] };
  observer.observe(document.documentElement, options);
  observer.observe(document.body, options);
  signal.addEventListener("abort", () => observer.disconnect());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed, { signal });
}

/**
 * Keep the bitmap of each canvas as sharp as the screen; `resized` is called after a change of size.
 * @param {HTMLCanvasElement[]} canvases @param {() => void} resized @param {AbortSignal} signal
 */
export function keepSharp(canvases, resized, signal) {
  const observer = new ResizeObserver(() => {
    let changed = false;
    for (const canvas of canvases) {
      const ratio = Math.max(1, window.devicePixelRatio || 1);
      const width = Math.round(canvas.clientWidth * ratio);
      const height = Math.round(canvas.clientHeight * ratio);
      if (width && height && (canvas.width !== width || canvas.height !== height)) {
        [canvas.width, canvas.height] = [width, height];
        changed = true;
      }
    }
    if (changed) resized();
  });
  for (const canvas of canvases) observer.observe(canvas);
  signal.addEventListener("abort", () => observer.disconnect());
}

/**
 * One redraw per animation frame, however many changes ask for it. The time that `draw` took, in
 * milliseconds, is left in `root.dataset.frameMs`, the number of frames in `root.dataset.frames`.
 * @param {HTMLElement} root @param {() => void} draw @param {AbortSignal} signal @returns {() => void} ask
 */
export function framePacer(root, draw, signal) {
  let waiting = 0;
  let frames = 0;
  const frame = () => {
    const began = performance.now();
    draw();
    waiting = 0;
    frames += 1;
    root.dataset.frameMs = (performance.now() - began).toFixed(3);
    root.dataset.frames = String(frames);
  };
  signal.addEventListener("abort", () => cancelAnimationFrame(waiting));
  return () => {
    if (!waiting && !signal.aborted) waiting = requestAnimationFrame(frame);
  };
}

/** A sheet of `columns` by `rows` grey images, painted tile by tile, drawn at any size. */
export class Sheet {
  /**
   * @param {number} width of one image @param {number} height @param {number} columns
   * @param {number} rows
   */
  constructor(width, height, columns = 1, rows = 1) {
    this.size = [width, height];
    this.canvas = document.createElement("canvas");
    [this.canvas.width, this.canvas.height] = [width * columns, height * rows];
    this.context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    this.tile = new ImageData(width, height);
    this.words = new Uint32Array(this.tile.data.buffer);
  }

  /**
   * Paint one image; values are cut to [0, 1], NaN is paper.
   * @param {ArrayLike<number>} pixels @param {number} from @param {Theme} theme @param {number} [column]
   * @param {number} [row]
   */
  paint(pixels, from, theme, column = 0, row = 0) {
    const { words } = this;
    const { shades } = theme;
    for (let i = 0; i < words.length; i++) {
      const level = pixels[from + i] * 255 + 0.5;
      words[i] = shades[level > 255 ? 255 : level > 0 ? level | 0 : 0];
    }
    this.context.putImageData(this.tile, column * this.size[0], row * this.size[1]);
  }

  /**
   * Fill a canvas with the sheet; much enlarged, its pixels stay squares.
   * @param {HTMLCanvasElement} target
   */
  drawOn(target) {
    const context = /** @type {CanvasRenderingContext2D} */ (target.getContext("2d"));
    context.imageSmoothingEnabled = target.width < 3 * this.canvas.width;
    context.imageSmoothingQuality = "high";
    context.drawImage(this.canvas, 0, 0, target.width, target.height);
  }
}
