/**
 * SparsityExplorer's view: one example's code under more and more penalty, unit by unit.
 *
 * What: the traits snapshot, example, unit (the chosen one) and off (units that are switched off) are
 * the whole state. The decoders run here, so a switch answers at once. Why units are told three times,
 * as a picture, a bar and a number: what a unit draws, how much of it this example takes, and how many
 * examples of the data set need it are three questions.
 */
import { toolButton } from "../controls/buttons.js";
import { onKeys, presses } from "../controls/keys.js";
import { picturePicker } from "../controls/pictures.js";
import { readouts } from "../controls/readouts.js";
import { assign, liveView, whenStill } from "../controls/view.js";
import { element, panel, Sheet } from "../drawing/canvas.js";
import { chartPanel, chartTheme, legend } from "../drawing/chart.js";
import { drawCode, drawDictionary, drawTrade, featureSheet } from "../drawing/dictionary.js";
import { keepDrawn } from "../drawing/redraw.js";
import { largestSize, paintSigned, readSigned } from "../drawing/signed.js";
import { compile, sharedNetwork, toFloat32 } from "../maths/decoder.js";
import { shown, threeFigures } from "../maths/numbers.js";
import { squaredDistance } from "../maths/residual.js";
import {
  activeUnits,
  beforeSigmoid,
  cellsFor,
  deadUnits,
  featuresOf,
  nearestUnit,
  nextUnit,
  offOf,
  switchedCode,
  toggled,
  unitByKey,
} from "../maths/sparsecode.js";


/** A canvas that chooses units: to a screen reader a slider over them. @param {string} label @param {number} units */
function chooser(label, units) {
  return {
    tabindex: "0",
    role: "slider",
    "aria-label": label,
    "aria-valuemin": "1",
    "aria-valuemax": String(units),
  };
}

/** @param {HTMLElement} root @param {any} model @param {number} units @param {boolean} rated @param {AbortSignal} signal */
function sparsityFrame(root, model, units, rated, signal) {
  root.classList.add("aecore-sparsity");
  const stage = element("div", "aecore-panels is-dictionary");
  const image = panel("Image x", "aecore-given", { role: "img", "aria-label": "Image" });
  const rebuilt = panel("Reconstruction", "aecore-rebuilt", { role: "img", "aria-label": "Reconstruction" });
  const feature = panel("Unit", "aecore-feature", { role: "img", "aria-label": "Feature" });
  const trade = chartPanel("All penalties", "Squared error against active units", 1);
  const keys = "Arrow keys choose among all, Space switches the unit off or on";
  const chosen = chooser(`Unit of the dictionary. ${keys}`, units);
  const words = panel("Dictionary: what each unit draws", "aecore-words", chosen);
  const [columns, rows] = cellsFor(units);
  words.canvas.style.aspectRatio = `${columns} / ${rows}`;
  const key = legend([
    { text: "adds ink", series: "orange", kind: "area" },
    { text: "takes ink away", series: "blue", kind: "area" },
  ]);
  const scale = element("span", "aecore-entry");
  const marks = element("span", "aecore-entry");
  marks.textContent = `pale: inactive here${rated ? " · ×: dead" : ""} · stroke: off`;
  key.append(scale, marks);
  words.figure.append(key);
  stage.append(image.figure, rebuilt.figure, feature.figure, trade.figure, words.figure);
  const among = "Left and right arrow go to the next active unit, Space switches it off or on";
  const taken = chooser(`Active unit of the code. ${among}`, units);
  const bars = panel("Code z of this image", "aecore-chart aecore-bars", taken);
  bars.canvas.style.setProperty("--aecore-aspect", "5.6");
  const tools = element("div", "aecore-tools");
  const numbers = readouts(
    [
      { key: "active", name: "Active units" },
      ...(rated ? [{ key: "dead", name: "Dead units" }] : []),
      { key: "error", name: "Squared error" },
      { key: "value", name: "Chosen unit’s value" },
      ...(rated ? [{ key: "rate", name: "Its rate on the data" }] : []),
    ],
    signal,
  );
  bars.figure.classList.add("aecore-code");
  root.append(stage, tools, bars.figure, numbers.list);
  const canvases = { image: image.canvas, rebuilt: rebuilt.canvas, trade: trade.canvas };
  return { stage, tools, numbers, scale, feature, words: words.canvas, bars: bars.canvas, ...canvases };
}

/** What a decoder's units draw, told before a last sigmoid. @param {any} manager @param {string} reference */
async function readFeatures(manager, reference) {
  const model = await manager.get_model(reference.replace("IPY_MODEL_", ""));
  const layers = beforeSigmoid(model.get("layers"));
  return featuresOf(compile(layers, model.get("weights"), model.get("dtype"), model.get("latent_dim")));
}

/** @param {{model: any, root: HTMLElement, signal: AbortSignal}} view */
async function render({ model, root, signal }) {
  /** @type {string[]} */
  const references = model.get("decoders");
  const manager = model.widget_manager;
  const networks = await Promise.all(references.map((reference) => sharedNetwork(manager, reference)));
  const features = await Promise.all(references.map((reference) => readFeatures(manager, reference)));
  const units = networks[0].latentDim;
  const shape = model.get("image_shape");
  const [size, names, penalties] = [shape[0] * shape[1], model.get("names"), model.get("penalties")];
  const threshold = model.get("threshold");
  const images = toFloat32(model.get("images"), "float32");
  const codes = toFloat32(model.get("codes"), "float32");
  const rates = toFloat32(model.get("rates"), "float32");
  const rated = rates.length > 0;
  const frame = sparsityFrame(root, model, units, rated, signal);
  const { image, rebuilt, feature, trade, words, bars, numbers, tools } = frame;

  const at = () => Math.max(0, Math.min(references.length - 1, Math.round(model.get("snapshot"))));
  const codeOf = (/** @type {number} */ snapshot) => {
    const from = (snapshot * names.length + model.get("example")) * units;
    return codes.subarray(from, from + units);
  };
  const active = () => activeUnits(codeOf(at()), threshold);
  /** What is 0 for this image can only be switched on again. */
  const switchable = () => {
    const unit = model.get("unit");
    return codeOf(at())[unit] !== 0 || offOf(model.get("off"), at(), units).includes(unit);
  };
  const switchOver = () => assign(model, { off: toggled(model.get("off"), at(), units, model.get("unit")) });
  const step = (/** @type {number} */ way) => assign(model, { unit: nextUnit(active(), model.get("unit"), way) });
  const picker = picturePicker("Example", names, images, shape, (index) => assign(model, { example: index }));
  picker.set.classList.add("aecore-examples");
  root.insertBefore(picker.set, frame.stage);
  const before = toolButton("Active unit before", () => step(-1));
  const next = toolButton("Next active unit", () => step(1));
  const switcher = toolButton("Switch it off", switchOver);
  const restore = toolButton("All units on", () => {
    const others = (/** @type {number} */ entry) => Math.floor(entry / units) !== at();
    assign(model, { off: model.get("off").filter(others) });
  });
  tools.append(before, next, switcher, restore);

  let theme = chartTheme(root);
  let shades = readSigned(root);
  const tellLater = whenStill(signal);
  /** @type {import("../drawing/chart.js").Chart | null} */
  let barChart = null;
  const sheet = new Sheet(shape[1], shape[0]);
  /** @type {(Sheet | null)[]} */
  let sheets = references.map(() => null);
  /** What a code of the chosen example comes to. */
  const outcome = (/** @type {number} */ snapshot, /** @type {ArrayLike<number>} */ code) => ({
    active: activeUnits(code, threshold).length,
    error: squaredDistance(networks[snapshot].decode(code), images.subarray(model.get("example") * size)),
  });

  function draw() {
    if (!image.width || !words.width || !bars.width) return;
    const [snapshot, example, unit] = [at(), model.get("example"), model.get("unit")];
    const code = codeOf(snapshot);
    const off = offOf(model.get("off"), snapshot, units);
    const left = switchedCode(code, off);
    const ownRates = rates.subarray(snapshot * units, (snapshot + 1) * units);
    const dead = rated ? deadUnits(ownRates) : [];
    const marks = { active: new Set(active()), dead: new Set(dead), off: new Set(off), chosen: unit };
    picker.paint(theme);
    picker.show(example);
    sheet.paint(images, example * size, theme);
    sheet.drawOn(image);
    const now = outcome(snapshot, left);
    sheet.paint(networks[snapshot].decode(left), 0, theme);
    sheet.drawOn(rebuilt);
    const most = largestSize(features[snapshot], unit * size, size);
    paintSigned(sheet, features[snapshot], unit * size, most, shades);
    sheet.drawOn(feature.canvas);
    feature.name(`Unit ${unit + 1} draws`);
    frame.scale.textContent = `unit ${unit + 1}: up to ±${threeFigures(most)}`;
    sheets[snapshot] ??= featureSheet(features[snapshot], units, shape, shades);
    drawDictionary(words, theme, /** @type {Sheet} */ (sheets[snapshot]), units, marks);
    barChart = drawCode(bars, theme, code, marks);
    const all = references.map((_, s) => outcome(s, codeOf(s)));
    drawTrade(trade, theme, all, snapshot, now);
    describe({ code, unit, marks, dead, now, whole: all[snapshot], rate: ownRates[unit] });
  }

  /** @param {any} state */
  function describe({ code, unit, marks, dead, now, whole, rate }) {
    const isOff = marks.off.has(unit);
    switcher.textContent = `Switch unit ${unit + 1} ${isOff ? "on" : "off"}`;
    switcher.classList.toggle("is-on", isOff);
    /** @type {HTMLButtonElement} */ (switcher).disabled = !switchable();
    /** @type {HTMLButtonElement} */ (restore).disabled = !marks.off.size;
    const extra = now.error - whole.error;
    const share = `${shown(100 * rate, rate > 0 && rate < 0.001 ? 3 : 1)} %`;
    const told = {
      active: `${now.active} of ${units}`,
      error: shown(now.error) + (marks.off.size ? ` (${extra < 0 ? "" : "+"}${shown(extra)})` : ""),
      value: isOff ? `${shown(code[unit])}, off` : shown(code[unit]),
      ...(rated ? { dead: `${dead.length} of ${units}`, rate: rate === 0 ? "0, dead" : share } : {}),
    };
    const penalty = `${model.get("symbol")} = ${penalties[at()]}`;
    const use = rate === 0 ? ", dead" : `, active for ${share} of the data`;
    const about = `unit ${unit + 1}, value ${told.value}${rated ? use : ""}`;
    const deads = rated ? `, ${told.dead} dead` : "";
    numbers.show(told, `${penalty}: ${told.active} units active${deads}, squared error ${told.error}; ${about}.`);
    for (const canvas of [words, bars]) {
      canvas.setAttribute("aria-valuenow", String(unit + 1));
      canvas.setAttribute("aria-valuetext", about);
    }
    tellLater(() => {
      const name = names[model.get("example")];
      image.setAttribute("aria-label", `Image, ${name}`);
      rebuilt.setAttribute("aria-label", `Reconstruction of ${name} at ${penalty}, squared error ${told.error}`);
      feature.canvas.setAttribute(
        "aria-label",
        `What unit ${unit + 1} draws, as a signed image, ${frame.scale.textContent}`,
      );
      trade.setAttribute(
        "aria-label",
        `Squared error against active units for ${references.length} penalties. ` +
          `At ${penalty}: ${told.active} active, error ${told.error}`,
      );
    });
  }

  /**
   * @param {HTMLCanvasElement} canvas @param {(event: MouseEvent) => number | null} unitOf
   * @param {(key: string) => number | null} unitOfKey
   */
  const chooses = (canvas, unitOf, unitOfKey) => {
    const choose = (/** @type {number | null} */ unit) => {
      if (unit !== null && unit !== model.get("unit")) assign(model, { unit });
    };
    canvas.addEventListener("click", (event) => choose(unitOf(event)), { signal });
    onKeys(
      canvas,
      (key) => {
        if (presses(key)) return () => switchable() && switchOver();
        const unit = unitOfKey(key);
        return unit === null ? null : () => choose(unit);
      },
      signal,
    );
  };
  const shareOf = (/** @type {HTMLCanvasElement} */ canvas, /** @type {MouseEvent} */ event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  chooses(
    words,
    (event) => {
      const [columns, rows] = cellsFor(units);
      const [x, y] = shareOf(words, event);
      const unit = Math.floor(y * rows) * columns + Math.floor(x * columns);
      return unit >= 0 && unit < units ? unit : null;
    },
    (key) => unitByKey(key, model.get("unit"), units),
  );
  chooses(
    bars,
    (event) => barChart && nearestUnit(active(), barChart.px, shareOf(bars, event)[0] * bars.width),
    (key) => {
      if (key === "ArrowRight" || key === "ArrowUp") return nextUnit(active(), model.get("unit"), 1);
      if (key === "ArrowLeft" || key === "ArrowDown") return nextUnit(active(), model.get("unit"), -1);
      return null;
    },
  );

  const restyle = () => {
    theme = chartTheme(root);
    shades = readSigned(root);
    sheets = references.map(() => null);
  };
  const canvases = [image, rebuilt, feature.canvas, trade, words, bars, ...picker.faces];
  keepDrawn(root, model, { traits: ["snapshot", "example", "unit", "off"], canvases, draw, restyle }, signal);
}

export default liveView(render);
