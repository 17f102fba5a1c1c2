/**
 * ConditionalExplorer's view: one style z, decoded for every class.
 *
 * What: the traits chosen and z1 ... zd are the whole state. The classes are a radio group whose faces
 * are the images decoded at this style; the chosen one is shown large, beside a map of the styles when
 * they have two coordinates. Why one group: the row of all classes shows that they answer to the same
 * z, and choosing a class is pointing at its image.
 */
import { toolButton } from "../controls/buttons.js";
import { choices } from "../controls/choices.js";
import { announcePlace, keptOnSlider, moveOnPlane, planeAttributes } from "../controls/plane.js";
import { assign, liveView, whenStill } from "../controls/view.js";
import { element, panel, readTheme, Sheet } from "../drawing/canvas.js";
import { describePlace, drawMarker, drawPoints, readPoints } from "../drawing/pad.js";
import { keepDrawn } from "../drawing/redraw.js";
import { sharedNetwork } from "../maths/decoder.js";
import { normalNoise } from "../maths/noise.js";
import { shown } from "../maths/numbers.js";

const MOST_IN_A_ROW = 10;
const PAD_LABEL =
  "Style z on the map of z₁ and z₂. Arrow keys move it, Shift takes larger steps, Home goes to the middle";

/**
 * One style with each class in turn, as the decoder takes them: [z, one-hot], one after another.
 * @param {ArrayLike<number>} z @param {number} count
 */
export function withEachClass(z, count) {
  const width = z.length + count;
  const codes = new Float32Array(count * width);
  for (let label = 0; label < count; label++) {
    codes.set(z, label * width);
    codes[label * width + z.length + label] = 1;
  }
  return codes;
}

/** Classes beside each other in rows of equal length. @param {number} count */
export function rowLength(count) {
  return Math.ceil(count / Math.ceil(count / MOST_IN_A_ROW));
}

/**
 * Mean length of a vector of `count` standard normal numbers: √2 Γ((count + 1) / 2) / Γ(count / 2), by its
 * recurrence m(n) m(n + 1) = n from m(1) = √(2 / π). @param {number} count
 */
export function typicalLength(count) {
  let mean = Math.sqrt(2 / Math.PI);
  for (let n = 1; n < count; n++) mean = n / mean;
  return mean;
}

/**
 * The parts of the view. @param {HTMLElement} root @param {any} model @param {(label: number) => void} pick
 * @param {HTMLElement[]} tools
 */
function buildConditional(root, model, pick, tools) {
  const names = model.get("classes");
  const coordinates = model.get("coordinates");
  const stage = element("div", "aecore-panels is-two is-conditional");
  const image = panel("Decoded image", "aecore-image", { role: "img", "aria-label": "Image" });
  const faces = names.map(() => /** @type {HTMLCanvasElement} */ (element("canvas", "aecore-face")));
  const options = names.map((/** @type {string} */ name, /** @type {number} */ i) => {
    const face = element("span", "aecore-card");
    const tag = element("span", "aecore-tag");
    tag.textContent = name;
    face.append(faces[i], tag);
    return { name: `class ${name}`, face };
  });
  const group = choices("Class: each one in this style", options, pick);
  group.set.classList.add("aecore-classes");
  const { length } = names;
  group.set.style.setProperty("--aecore-columns", String(Math.max(6, rowLength(length))));
  group.set.style.setProperty("--aecore-few-columns", length > MOST_IN_A_ROW ? "7" : "5");
  const beside = element("div", "aecore-beside");
  const readout = element("div", "aecore-readout", { "aria-hidden": "true" });
  const row = element("div", "aecore-tools");
  row.append(...tools);
  beside.append(readout, row);
  const status = element("div", "aecore-sr-only", { role: "status" });
  let pad = null;
  if (coordinates.length === 2) {
    pad = panel("Style z", "aecore-pad", planeAttributes(PAD_LABEL));
    stage.append(pad.figure, image.figure);
    root.append(stage, group.set, beside, status);
  } else {
    stage.classList.add("is-plain");
    stage.append(image.figure, group.set, beside);
    root.append(stage, status);
  }
  return { pad, image, faces, group, readout, status };
}

/** @param {{model: any, root: HTMLElement, signal: AbortSignal}} view */
async function render({ model, root, signal }) {
  const network = await sharedNetwork(model.widget_manager, model.get("decoder"));
  const [height, width] = model.get("image_shape");
  const [names, coordinates] = [model.get("classes"), model.get("coordinates")];
  const [region, step] = [model.get("region"), model.get("step")];
  const digits = Math.max(0, Math.round(-Math.log10(step)));
  const points = readPoints(model);
  const labelled = points.labels.some((label) => label < names.length);
  const traits = coordinates.map((/** @type {string} */ _, /** @type {number} */ i) => `z${i + 1}`);

  /** Move the style, kept on the sliders. @param {ArrayLike<number>} place */
  const moveStyle = (place) => {
    const kept = (/** @type {number} */ value) => keptOnSlider(value, 0, region[2], step);
    assign(model, Object.fromEntries(traits.map((/** @type {string} */ trait, /** @type {number} */ i) => [trait, kept(place[i])])));
  };
  const choose = (/** @type {number} */ chosen) => assign(model, { chosen });
  let drawn = 0;
  const { pad, image, faces, group, readout, status } = buildConditional(root, model, choose, [
    toolButton("Draw z ~ N(0, I)", () => moveStyle(normalNoise(++drawn, traits.length))),
    toolButton("z = 0", () => moveStyle(new Float64Array(traits.length))),
  ]);

  let theme = readTheme(root);
  const sheet = new Sheet(width, height);
  /** @type {HTMLCanvasElement | null} */
  let mapLayer = null;
  let mapOf = -1;
  /** @type {number[] | null} */
  let target = null;
  const tellLater = whenStill(signal);
  const here = () => traits.map((/** @type {string} */ trait) => model.get(trait));

  /** @param {HTMLCanvasElement} canvas @param {number} chosen */
  const drawMap = (canvas, chosen) => {
    if (mapOf !== chosen) mapLayer = null;
    mapOf = chosen;
    mapLayer ??= drawPoints(canvas, points, region, theme, coordinates, labelled ? chosen : null);
    canvas.getContext("2d")?.drawImage(mapLayer, 0, 0);
    drawMarker(canvas, here(), region, theme, null);
  };

  function draw() {
    if (target) moveStyle(target);
    target = null;
    if (!image.canvas.width) return;
    const [z, chosen] = [here(), model.get("chosen")];
    const pixels = network.decode(withEachClass(z, names.length), names.length);
    for (const [label, face] of faces.entries()) {
      sheet.paint(pixels, label * width * height, theme);
      sheet.drawOn(face);
    }
    sheet.paint(pixels, chosen * width * height, theme);
    sheet.drawOn(image.canvas);
    group.show(chosen);
    image.name(`Decoded: class ${names[chosen]}`);
    if (pad) {
      pad.name(labelled ? `Style z of class ${names[chosen]}` : "Style z");
      drawMap(pad.canvas, chosen);
    }
    describe(z, chosen);
  }

  /** @param {number[]} z @param {number} chosen */
  function describe(z, chosen) {
    const length = shown(Math.hypot(...z));
    const typical = shown(typicalLength(z.length));
    const place = pad ? describePlace(z, points) : `A draw from the prior has about ${typical}.`;
    readout.textContent = pad
      ? `z = (${z.map((value) => shown(value, digits)).join(", ")}), of length ${length}. ${place}`
      : `z has length ${length}. ${place}`;
    const spoken = z.map((value, i) => `${coordinates[i]} ${shown(value, digits)}`).join(", ");
    if (pad) announcePlace(pad.canvas, region, z, spoken);
    tellLater(() => {
      image.canvas.setAttribute("aria-label", `Decoded image of class ${names[chosen]} at ${spoken}`);
      status.textContent = `Class ${names[chosen]}, style of length ${length}. ${place}`;
    });
  }

  const canvases = [image.canvas, ...faces, ...(pad ? [pad.canvas] : [])];
  const restyle = () => {
    theme = readTheme(root);
    mapLayer = null;
  };
  const ask = keepDrawn(root, model, { traits: ["chosen", ...traits], canvases, draw, restyle }, signal);
  if (pad) {
    const dragged = (/** @type {number[]} */ place) => {
      target = place;
      ask();
    };
    const plane = { region: () => region, stride: () => region[2] / 50, here, dragged, stepped: moveStyle };
    moveOnPlane(pad.canvas, plane, signal);
  }
}

export default liveView(render);
