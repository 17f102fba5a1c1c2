/**
 * The forward pass of a decoder, in the reader's browser.
 *
 * What: `compile(layers, bytes, dtype)` turns the layer list and the weight bytes written by
 * decoder.py into a function from codes to pixels. Why by hand: the networks of the book are small
 * (a few hundred thousand weights), so plain loops over Float32Array answer in well under a
 * millisecond and the page needs no runtime of some megabytes. Sums run in double precision and are
 * stored as float32; buffers are kept between calls.
 *
 * Arrays are row-major and a layer knows its own sizes, so Flatten and Unflatten move no number:
 * decoder.py checks them and leaves them out.
 */
import { ACTIVATIONS } from "./activations.js";

/**
 * @typedef {{type: "linear", inputs: number, outputs: number, bias: boolean}} Linear
 * @typedef {{type: "conv_transpose", channels: number[], size: number[], outSize: number[], kernel: number[],
 *   stride: number[], padding: number[], bias: boolean}} ConvTranspose `channels` is [in, out].
 * @typedef {{type: string, slope?: number}} Activation
 * @typedef {Linear | ConvTranspose | Activation} Layer
 * @typedef {{layer: any, inputs: number, outputs: number, W: Float32Array, c: Float32Array}} Step
 *   a layer with the numbers that go in and come out, its weights and its bias
 * @typedef {{latentDim: number, outputSize: number, steps: Step[],
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
    values[i] = width === 2 ? halfToNumber(view.getUint16(2 * i, true)) : view.getFloat32(4 * i, true);
  }
  return values;
}

/**
 * y = W x + c for one vector, W row-major [outputs, inputs]. After a ReLU about half of x is zero, so the
 * places that are not are listed first; four rows share each of them.
 * @param {Float32Array} x @param {number} xAt @param {Float32Array} y @param {number} yAt
 * @param {Float32Array} W @param {Float32Array} c @param {number} inputs @param {number} outputs
 * @param {Int32Array} places room for `inputs` integers
 */
function linear(x, xAt, y, yAt, W, c, inputs, outputs, places) {
  let count = 0;
  for (let i = 0; i < inputs; i++) if (x[xAt + i] !== 0) places[count++] = i;
  let o = 0;
  for (; o + 4 <= outputs; o += 4) {
    let [s0, s1, s2, s3] = [c[o], c[o + 1], c[o + 2], c[o + 3]];
    const r0 = o * inputs;
    const r1 = r0 + inputs;
    const r2 = r1 + inputs;
    const r3 = r2 + inputs;
    for (let k = 0; k < count; k++) {
      const i = places[k];
      const v = x[xAt + i];
      s0 += v * W[r0 + i];
      s1 += v * W[r1 + i];
      s2 += v * W[r2 + i];
      s3 += v * W[r3 + i];
    }
    y[yAt + o] = s0;
    y[yAt + o + 1] = s1;
    y[yAt + o + 2] = s2;
    y[yAt + o + 3] = s3;
  }
  for (; o < outputs; o++) {
    let sum = c[o];
    for (let k = 0; k < count; k++) sum += x[xAt + places[k]] * W[o * inputs + places[k]];
    y[yAt + o] = sum;
  }
}

/**
 * tap = sum over channels of W times the channel's plane, four channels at a time.
 * @param {Float32Array} tap @param {Float32Array} x @param {number} xAt @param {number} area
 * @param {number} inputs
 * @param {Float32Array} W @param {number} at first weight
 * @param {number} stride from one channel's weight to the next
 */
function mixChannels(tap, x, xAt, area, inputs, W, at, stride) {
  tap.fill(0, 0, area);
  let i = 0;
  for (; i + 4 <= inputs; i += 4) {
    const w0 = W[at + i * stride];
    const w1 = W[at + (i + 1) * stride];
    const w2 = W[at + (i + 2) * stride];
    const w3 = W[at + (i + 3) * stride];
    const p0 = xAt + i * area;
    const p1 = p0 + area;
    const p2 = p1 + area;
    const p3 = p2 + area;
    for (let p = 0; p < area; p++) {
      tap[p] += w0 * x[p0 + p] + w1 * x[p1 + p] + (w2 * x[p2 + p] + w3 * x[p3 + p]);
    }
  }
  for (; i < inputs; i++) {
    const w = W[at + i * stride];
    for (let p = 0; p < area; p++) tap[p] += w * x[xAt + i * area + p];
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
      mixChannels(tap, x, xAt, area, inputs, W, o * kh * kw + k, outputs * kh * kw);
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
 * @param {Layer[]} layers @param {DataView} bytes @param {"float16" | "float32"} dtype
 * @param {number} latentDim
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
  const places = new Int32Array(widest);
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
      for (let b = 0; b < batch; b++) {
        if (layer.type === "linear") {
          linear(front, b * inputs, back, b * outputs, W, c, inputs, outputs, places);
        } else {
          convTranspose(front, b * inputs, back, b * outputs, layer, W, c, tap);
        }
      }
      [front, back] = [back, front];
    }
    return front.subarray(0, batch * width);
  }
  return { latentDim, outputSize: width, steps, decode };
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
