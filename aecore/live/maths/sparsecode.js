/**
 * A sparse code in numbers: which units are active, what each of them draws, and the way among them.
 *
 * What: the code with some units switched off, the features of a decoder, the counts, and the next
 * active unit. Why apart from the view: these are the claims of the widget, and they can be tried
 * without a browser.
 */

/** @typedef {import("./decoder.js").Network} Network */

/** The layers without a sigmoid at their end: features are told before it. @param {any[]} layers */
export function beforeSigmoid(layers) {
  return layers.length && layers[layers.length - 1].type === "sigmoid" ? layers.slice(0, -1) : layers;
}

/**
 * What each unit draws: the output for a code of this unit alone, at 1, less the output for the empty code. Of a
 * linear decoder these are the columns of its matrix. Returns them one after another.
 * @param {Network} network @returns {Float32Array}
 */
export function featuresOf(network) {
  const { latentDim: units, outputSize: size } = network;
  const code = new Float32Array(units);
  const empty = Float64Array.from(network.decode(code));
  const features = new Float32Array(units * size);
  for (let unit = 0; unit < units; unit++) {
    code[unit] = 1;
    const alone = network.decode(code);
    for (let i = 0; i < size; i++) features[unit * size + i] = alone[i] - empty[i];
    code[unit] = 0;
  }
  return features;
}

/** The code with some units at 0. @param {ArrayLike<number>} code @param {number[]} off @returns {Float32Array} */
export function switchedCode(code, off) {
  const left = Float32Array.from(code);
  for (const unit of off) left[unit] = 0;
  return left;
}

/**
 * Units whose size is above the threshold.
 * @param {ArrayLike<number>} code @param {number} threshold @returns {number[]}
 */
export function activeUnits(code, threshold) {
  return Array.from(code, (value, unit) => (Math.abs(value) > threshold ? unit : -1)).filter((unit) => unit >= 0);
}

/** Units that are active for no example of the data. @param {ArrayLike<number>} rates @returns {number[]} */
export function deadUnits(rates) {
  return Array.from(rates, (rate, unit) => (rate === 0 ? unit : -1)).filter((unit) => unit >= 0);
}

/**
 * The next of some units after or before `from`, around the end; `from` itself if there is no other.
 * @param {number[]} units in ascending order @param {number} from @param {number} way 1 or -1
 */
export function nextUnit(units, from, way) {
  if (!units.length) return from;
  const beyond = way > 0 ? units.find((unit) => unit > from) : units.findLast((unit) => unit < from);
  return beyond ?? (way > 0 ? units[0] : units[units.length - 1]);
}

/** Columns and rows of cells for some units, about as wide as high. @param {number} units @returns {number[]} */
export function cellsFor(units) {
  const columns = Math.ceil(Math.sqrt(units));
  return [columns, Math.ceil(units / columns)];
}

/**
 * The unit that a key leads to from `unit` among cells in rows, or null for another key.
 * @param {string} key @param {number} unit @param {number} units @returns {number | null}
 */
export function unitByKey(key, unit, units) {
  const [columns] = cellsFor(units);
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
  if (key === "Home") return 0;
  if (key === "End") return units - 1;
  if (!(key in steps)) return null;
  const next = unit + steps[/** @type {keyof typeof steps} */ (key)];
  return next >= 0 && next < units ? next : unit;
}

/**
 * The units of one snapshot that are off, from the list of all: snapshot * units + unit.
 * @param {number[]} list @param {number} snapshot @param {number} units
 */
export function offOf(list, snapshot, units) {
  return list.filter((entry) => Math.floor(entry / units) === snapshot).map((entry) => entry % units);
}

/**
 * The list with one unit of one snapshot switched over.
 * @param {number[]} list @param {number} snapshot @param {number} units @param {number} unit
 */
export function toggled(list, snapshot, units, unit) {
  const entry = snapshot * units + unit;
  return list.includes(entry) ? list.filter((other) => other !== entry) : [...list, entry].sort((a, b) => a - b);
}

/**
 * The one of some units that stands nearest to a place along the bars; null if there is none.
 * @param {number[]} units @param {(number: number) => number} placeOf of a unit's number, counted from 1
 * @param {number} place
 */
export function nearestUnit(units, placeOf, place) {
  const away = (/** @type {number} */ unit) => Math.abs(placeOf(unit + 1) - place);
  return units.length ? units.reduce((best, unit) => (away(unit) < away(best) ? unit : best)) : null;
}
