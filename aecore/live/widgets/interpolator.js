/**
 * Interpolator's view: choose two examples, see the way between their codes and the images along
 * it.
 *
 * What: the model's traits first, second, t and path are the whole state; the slider of t outside
 * is linked to t. Why: the five frames of the film strip change only with the ends or the path, the
 * large image with t; so a drag of the slider decodes one image per frame. The map shows the plane
 * that holds both paths.
 */
import { choices, wordFace } from "../controls/choices.js";
import { greysOf, picturePicker } from "../controls/pictures.js";
import { player } from "../controls/player.js";
import { assign, liveView, whenStill } from "../controls/view.js";
import { element, framePacer, keepSharp, onThemeChange, panel, readTheme, Sheet } from "../drawing/canvas.js";
import { drawPath } from "../drawing/pathmap.js";
import { sharedNetwork, toFloat32 } from "../maths/decoder.js";
import { shown } from "../maths/numbers.js";
import { interpolate, norm } from "../maths/paths.js";

const MOMENTS = [0, 0.25, 0.5, 0.75, 1];
const PATHS = ["linear", "spherical"];
const MOST_SHOWN = 10;
const FEW = 10;

/** The parts of the view that do not depend on the data. @param {string} label */
function frameWork(label) {
  const root = element("div", "aecore-view", { role: "group", "aria-label": label });
  const stage = element("div", "aecore-panels");
  const picks = element("div", "aecore-panel aecore-picks");
  const map = panel("Path in code space", "aecore-path", { role: "img", "aria-label": "Path" });
  const image = panel("Decoded image", "aecore-image", { role: "img", "aria-label": "Image" });
  stage.append(picks, map.figure, image.figure);
  const readout = element("div", "aecore-readout", { "aria-hidden": "true" });
  const strip = element("div", "aecore-strip", { role: "group", "aria-label": "Film strip" });
  const frames = MOMENTS.map((t) => {
    const button = element("button", "aecore-frame", { type: "button", "aria-label": `t = ${t}` });
    const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", "aecore-still"));
    const text = element("span", "aecore-moment");
    text.textContent = `t = ${t}`;
    button.append(canvas, text);
    strip.append(button);
    return { button, canvas, t };
  });
  const tools = element("div", "aecore-tools");
  const status = element("div", "aecore-sr-only", { role: "status" });
  root.append(stage, readout, strip, tools, status);
  return { root, picks, map: map.canvas, image: image.canvas, readout, frames, tools, status };
}

/** @param {{model: any, el: HTMLElement, signal: AbortSignal}} view */
async function render({ model, el, signal }) {
  const network = await sharedNetwork(model.widget_manager, model.get("decoder"));
  const [height, width] = model.get("image_shape");
  const [names, marks, colours] = [model.get("names"), model.get("marks"), model.get("colours")];
  const dim = network.latentDim;
  const codes = toFloat32(model.get("codes"), "float32");
  const codeOf = (/** @type {string} */ end) => {
    const at = model.get(end) * dim;
    return codes.subarray(at, at + dim);
  };
  const { root, picks, map, image, readout, frames, tools, status } = frameWork(model.get("label"));

  const greys = greysOf(model.get("thumbnails"));
  const pickers = [
    ["From", "first"],
    ["To", "second"],
  ].map(([legend, end]) => ({
    end,
    ...picturePicker(legend, names, greys, [height, width], (index) => assign(model, { [end]: index })),
  }));
  picks.classList.toggle("is-many", names.length > FEW);
  picks.append(...pickers.map(({ set }) => set));
  const ways = choices(
    "Path",
    PATHS.map((path) => ({ name: path, face: wordFace(path) })),
    (index) => assign(model, { path: PATHS[index] }),
  );
  tools.append(player(model, "t", signal), ways.set);
  for (const { button, t } of frames) button.addEventListener("click", () => assign(model, { t }));
  el.append(root);

  let theme = readTheme(root);
  const sheet = new Sheet(width, height);
  let facesStale = true;
  let waysStale = true;
  const tellLater = whenStill(signal);

  const drawFrames = () => {
    const ends = [codeOf("first"), codeOf("second")];
    const all = MOMENTS.flatMap((t) => interpolate(ends[0], ends[1], t, model.get("path")));
    const pixels = network.decode(all, MOMENTS.length).slice();
    for (const [i, { canvas }] of frames.entries()) {
      sheet.paint(pixels, i * width * height, theme);
      sheet.drawOn(canvas);
    }
  };

  function draw() {
    if (!image.width) return;
    const [t, path] = [model.get("t"), model.get("path")];
    const [start, end] = [codeOf("first"), codeOf("second")];
    const z = interpolate(start, end, t, path);
    if (facesStale) for (const picker of pickers) picker.paint(theme);
    if (waysStale) drawFrames();
    facesStale = waysStale = false;
    sheet.paint(network.decode(z), 0, theme);
    sheet.drawOn(image);
    const ends = [model.get("first"), model.get("second")];
    drawPath(
      map,
      start,
      end,
      t,
      path,
      theme,
      ends.map((i) => ({ mark: marks[i], colour: colours[i] })),
    );
    for (const picker of pickers) picker.show(model.get(picker.end));
    ways.show(PATHS.indexOf(path));
    for (const { button, t: moment } of frames) {
      button.classList.toggle("is-near", Math.abs(moment - t) <= 0.125);
    }
    const values = z.slice(0, MOST_SHOWN).map((value) => shown(value));
    if (dim > MOST_SHOWN) values.push("…");
    readout.textContent = `z = (${values.join(", ")}), length ${shown(norm(z))}`;
    tellLater(() => {
      const between = `from ${names[ends[0]]} to ${names[ends[1]]}`;
      image.setAttribute("aria-label", `Decoded image at t = ${shown(t)} on the ${path} path ${between}`);
      map.setAttribute(
        "aria-label",
        `The ${path} path ${between} in code space, with a ring at t = ${shown(t)}`,
      );
      status.textContent = `The ${path} path ${between}`;
    });
  }

  const ask = framePacer(root, draw, signal);
  const newWay = () => {
    waysStale = true;
    ask();
  };
  const repaint = () => {
    theme = readTheme(root);
    facesStale = true;
    newWay();
  };
  for (const trait of ["first", "second", "path", "t"]) {
    const react = trait === "t" ? ask : newWay;
    model.on(`change:${trait}`, react);
    signal.addEventListener("abort", () => model.off(`change:${trait}`, react));
  }
  onThemeChange(repaint, signal);
  const moments = frames.map(({ canvas }) => canvas);
  const faces = pickers.flatMap((picker) => picker.faces);
  keepSharp([map, image, ...moments, ...faces], repaint, signal);
}

export default liveView(render);
