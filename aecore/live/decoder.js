/**
 * The forward pass of a decoder, in the reader's browser.
 *
 * What: `compile(layers, bytes, dtype)` turns the layer list and the weight bytes written by decoder.py
 * into a function from codes to pixels. Why by hand: the networks of the book are small (a few hundred
 * thousand weights), so plain loops over Float32Array answer in well under a millisecond and the page
 * needs no runtime of some megabytes. A batch is evaluated four codes at a time, so that each weight is
 * read once for four of them; buffers are kept between calls.
 *
 * Arrays are row-major and a layer knows its own sizes, so Flatten and Unflatten move no number: decoder.py
 * checks them and leaves them out.
 */

/**
 * @typedef {{type: "linear", inputs: number, outputs: number, bias: boolean}} Linear
 * @typedef {{type: "conv_transpose", channels: number[], size: number[], outSize: number[], kernel: number[],
 *   stride: number[], padding: number[], bias: boolean}} ConvTranspose `channels` is [in, out].
 * @typedef {{type: string, slope?: number}} Activation
 * @typedef {Linear | ConvTranspose | Activation} Layer
 * @typedef {{latentDim: number, outputSize: number,
 *   decode: (codes: ArrayLike<number>, batch?: number) => Float32Array}} Network
 *   `decode` takes `batch` codes one after another and returns [batch * outputSize] numbers in a buffer
 *   that the next call overwrites.
 */

/** Half-precision bits to a number. @param {number} bits @returns {number} */
function halfToNumber(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/**
 * Little-endian bytes to Float32Array, whatever the alignment of the view.
 * @param {DataView} view @param {"float16" | "float32"} dtype @returns {Float32Array}
 */
export function toFloat32(view, dtype) {
  const width = dtype === "float16" ? 2 : 4;
  const values = new Float32Array(view.byteLength / width);
  for (let i = 0; i < values.length; i++) {
    values[i] =
      width === 2 ? halfToNumber(view.getUint16(2 * i, true)) : view.getFloat32(4 * i, true);
  }
  return values;
}

// erf from a table of values and slopes, joined by cubics: error below 1e-11, and no exp() in the loop.
const ERF_END = 6;
const ERF_STEPS = 1536;
/** @type {Float64Array | null} */
let erfTable = null;

/** erf by its series, exact to double precision for 0 <= x <= 6. @param {number} x */
function erfSeries(x) {
  let term = x;
  let sum = x;
  for (let n = 1; term > 1e-17 * sum; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** The error function. @param {number} x @returns {number} */
export function erf(x) {
  if (erfTable === null) {
    erfTable = new Float64Array(2 * (ERF_STEPS + 2));
    for (let i = 0; i < ERF_STEPS + 2; i++) {
      const at = (i * ERF_END) / ERF_STEPS;
      erfTable[2 * i] = erfSeries(at);
      erfTable[2 * i + 1] = ((2 / Math.sqrt(Math.PI)) * Math.exp(-at * at) * ERF_END) / ERF_STEPS;
    }
  }
  const position = (Math.abs(x) * ERF_STEPS) / ERF_END;
  if (!(position < ERF_STEPS)) return Number.isNaN(x) ? NaN : Math.sign(x);
  const i = position | 0;
  const u = position - i;
  const [y0, m0, y1, m1] = [erfTable[2 * i], erfTable[2 * i + 1], erfTable[2 * i + 2], erfTable[2 * i + 3]];
  const rise = y1 - y0;
  const value = y0 + u * (m0 + u * (3 * rise - 2 * m0 - m1 + u * (m0 + m1 - 2 * rise)));
  return x < 0 ? -value : value;
}

/** @param {number} x */
const sigmoid = (x) => 1 / (1 + Math.exp(-x));

/** @type {Record<string, (x: number, slope: number) => number>} */
const ACTIVATIONS = {
  relu: (x) => (x > 0 ? x : 0),
  leaky_relu: (x, slope) => (x > 0 ? x : slope * x),
  tanh: Math.tanh,
  sigmoid,
  silu: (x) => x * sigmoid(x),
  gelu: (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
  gelu_tanh: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
};

/**
 * y[b] = W x[b] + c for `batch` vectors, W row-major [outputs, inputs].
 * @param {Float32Array} x @param {Float32Array} y @param {number} batch
 * @param {Float32Array} W @param {Float32Array} c @param {number} inputs @param {number} outputs
 */
function linear(x, y, batch, W, c, inputs, outputs) {
  let b = 0;
  for (; b + 4 <= batch; b += 4) {
    const [x0, x1, x2, x3] = [b * inputs, (b + 1) * inputs, (b + 2) * inputs, (b + 3) * inputs];
    for (let o = 0, w = 0; o < outputs; o++) {
      let s0 = c[o];
      let s1 = s0;
      let s2 = s0;
      let s3 = s0;
      for (let i = 0; i < inputs; i++, w++) {
        const v = W[w];
        s0 += v * x[x0 + i];
        s1 += v * x[x1 + i];
        s2 += v * x[x2 + i];
        s3 += v * x[x3 + i];
      }
      y[b * outputs + o] = s0;
      y[(b + 1) * outputs + o] = s1;
      y[(b + 2) * outputs + o] = s2;
      y[(b + 3) * outputs + o] = s3;
    }
  }
  for (; b < batch; b++) {
    for (let o = 0, w = 0; o < outputs; o++) {
      let sum = c[o];
      for (let i = 0; i < inputs; i++, w++) sum += W[w] * x[b * inputs + i];
      y[b * outputs + o] = sum;
    }
  }
}

/**
 * Transposed convolution of one image: every tap of the kernel is a matrix product over channels, scattered
 * to the places that tap writes. W is torch's [in, out, kh, kw].
 * @param {Float32Array} x @param {number} xAt @param {Float32Array} y @param {number} yAt
 * @param {ConvTranspose} layer @param {Float32Array} W @param {Float32Array} c @param {Float32Array} tap
 */
function convTranspose(x, xAt, y, yAt, layer, W, c, tap) {
  const [inputs, outputs] = layer.channels;
  const [height, width] = layer.size;
  const [outHeight, outWidth] = layer.outSize;
  const [kh, kw] = layer.kernel;
  const area = height * width;
  for (let o = 0; o < outputs; o++) {
    const plane = yAt + o * outHeight * outWidth;
    y.fill(c[o], plane, plane + outHeight * outWidth);
    for (let k = 0; k < kh * kw; k++) {
      tap.fill(0, 0, area);
      for (let i = 0; i < inputs; i++) {
        const v = W[(i * outputs + o) * kh * kw + k];
        const from = xAt + i * area;
        for (let p = 0; p < area; p++) tap[p] += v * x[from + p];
      }
      const top = ((k / kw) | 0) - layer.padding[0];
      const left = (k % kw) - layer.padding[1];
      for (let row = 0, p = 0; row < height; row++) {
        const oy = row * layer.stride[0] + top;
        if (oy < 0 || oy >= outHeight) {
          p += width;
          continue;
        }
        for (let column = 0; column < width; column++, p++) {
          const ox = column * layer.stride[1] + left;
          if (ox >= 0 && ox < outWidth) y[plane + oy * outWidth + ox] += tap[p];
        }
      }
    }
  }
}

/** Numbers per example going into and coming out of a layer that has weights. @param {any} layer */
function sizes(layer) {
  if (layer.type === "linear") return [layer.inputs, layer.outputs];
  const area = layer.size[0] * layer.size[1];
  return [layer.channels[0] * area, layer.channels[1] * layer.outSize[0] * layer.outSize[1]];
}

/**
 * Build the network. Throws if the bytes do not fit the layers.
 * @param {Layer[]} layers @param {DataView} bytes @param {"float16" | "float32"} dtype @param {number} latentDim
 * @returns {Network}
 */
export function compile(layers, bytes, dtype, latentDim) {
  const weights = toFloat32(bytes, dtype);
  let used = 0;
  /** @param {number} count */
  const take = (count) => weights.subarray(used, (used += count));
  let width = latentDim;
  let widest = latentDim;
  let tapSize = 0;
  const steps = layers.map((/** @type {any} */ layer) => {
    if (layer.type in ACTIVATIONS) {
      return { layer, inputs: width, outputs: width, W: weights, c: weights };
    }
    const [inputs, outputs] = sizes(layer);
    const channels = layer.type === "linear" ? outputs : layer.channels[1];
    const count =
      layer.type === "linear"
        ? inputs * outputs
        : layer.channels[0] * layer.channels[1] * layer.kernel[0] * layer.kernel[1];
    const W = take(count);
    const c = layer.bias ? take(channels) : new Float32Array(channels);
    if (layer.type !== "linear") tapSize = Math.max(tapSize, layer.size[0] * layer.size[1]);
    width = outputs;
    widest = Math.max(widest, width);
    return { layer, inputs, outputs, W, c };
  });
  if (used !== weights.length) {
    throw new Error(`decoder: the layers need ${used} weights, ${weights.length} arrived`);
  }
  const tap = new Float32Array(tapSize);
  let room = 0;
  let front = new Float32Array(0);
  let back = new Float32Array(0);

  /** @param {ArrayLike<number>} codes @param {number} [batch] */
  function decode(codes, batch = 1) {
    if (batch > room) {
      room = batch;
      front = new Float32Array(room * widest);
      back = new Float32Array(room * widest);
    }
    for (let i = 0; i < batch * latentDim; i++) front[i] = codes[i];
    for (const { layer, inputs, outputs, W, c } of steps) {
      if (layer.type in ACTIVATIONS) {
        const activation = ACTIVATIONS[layer.type];
        for (let i = 0; i < batch * outputs; i++) front[i] = activation(front[i], layer.slope);
        continue;
      }
      if (layer.type === "linear") linear(front, back, batch, W, c, inputs, outputs);
      else
        for (let b = 0; b < batch; b++)
          convTranspose(front, b * inputs, back, b * outputs, layer, W, c, tap);
      [front, back] = [back, front];
    }
    return front.subarray(0, batch * width);
  }
  return { latentDim, outputSize: width, decode };
}

const NETWORK = Symbol.for("aecore.network");

/**
 * The network of a decoder widget, compiled once and kept on its model for all the views of the page.
 * @param {any} manager the page's widget manager @param {string} reference "IPY_MODEL_" and the model's id
 * @returns {Promise<Network>}
 */
export async function sharedNetwork(manager, reference) {
  const model = await manager.get_model(reference.replace("IPY_MODEL_", ""));
  model[NETWORK] ??= compile(
    model.get("layers"),
    model.get("weights"),
    model.get("dtype"),
    model.get("latent_dim"),
  );
  return model[NETWORK];
}
