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
import { filmStrip } from "../controls/filmstrip.js";
import { greysOf, picturePicker } from "../controls/pictures.js";
import { player } from "../controls/player.js";
import { assign, liveView, whenStill } from "../controls/view.js";
import { element, panel, readTheme, Sheet } from "../drawing/canvas.js";
import { drawPath } from "../drawing/pathmap.js";
import { keepDrawn } from "../drawing/redraw.js";
import { sharedNetwork, toFloat32 } from "../maths/decoder.js";
import { shown } from "../maths/numbers.js";
import { interpolate, norm } from "../maths/paths.js";

const MOMENTS = [0, 0.25, 0.5, 0.75, 1];
const PATHS = ["linear", "spherical"];
const MOST_SHOWN = 10;
const FEW = 10;

/** The parts of the view that do not depend on the data. @param {HTMLElement} root @param {(t: number) => void} go */
function frameWork(root, go) {
  const stage = element("div", "aecore-panels");
  const picks = element("div", "aecore-panel aecore-picks");
  const map = panel("Path in code space", "aecore-path", { role: "img", "aria-label": "Path" });
  const image = panel("Decoded image", "aecore-image", { role: "img", "aria-label": "Image" });
  stage.append(picks, map.figure, image.figure);
  const readout = element("div", "aecore-readout", { "aria-hidden": "true" });
  const stills = MOMENTS.map((t) => ({ name: `t = ${t}`, text: `t = ${t}` }));
  const film = filmStrip("Film strip", stills, (index) => go(MOMENTS[index]));
  const tools = element("div", "aecore-tools");
  const status = element("div", "aecore-sr-only", { role: "status" });
  root.append(stage, readout, film.strip, tools, status);
  return { picks, map: map.canvas, image: image.canvas, readout, film, tools, status };
}

/** @param {{model: any, root: HTMLElement, signal: AbortSignal}} view */
async function render({ model, root, signal }) {
  const network = await sharedNetwork(model.widget_manager, model.get("decoder"));
  const [height, width] = model.get("image_shape");
  const [names, marks, colours] = [model.get("names"), model.get("marks"), model.get("colours")];
  const dim = network.latentDim;
  const codes = toFloat32(model.get("codes"), "float32");
  const codeOf = (/** @type {string} */ end) => {
    const at = model.get(end) * dim;
    return codes.subarray(at, at + dim);
  };
  const { picks, map, image, readout, film, tools, status } = frameWork(root, (t) => assign(model, { t }));

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

  let theme = readTheme(root);
  const sheet = new Sheet(width, height);
  /** The way that the strip shows now. */
  let filmed = "";
  const tellLater = whenStill(signal);

  const drawFrames = () => {
    const ends = [codeOf("first"), codeOf("second")];
    const all = MOMENTS.flatMap((t) => interpolate(ends[0], ends[1], t, model.get("path")));
    const pixels = network.decode(all, MOMENTS.length).slice();
    for (const [i, canvas] of film.canvases.entries()) {
      sheet.paint(pixels, i * width * height, theme);
      sheet.drawOn(canvas);
    }
  };

  function draw() {
    if (!image.width) return;
    const [t, path] = [model.get("t"), model.get("path")];
    const [start, end] = [codeOf("first"), codeOf("second")];
    const z = interpolate(start, end, t, path);
    const ends = [model.get("first"), model.get("second")];
    const way = [...ends, path].join();
    if (filmed !== way) drawFrames();
    filmed = way;
    sheet.paint(network.decode(z), 0, theme);
    sheet.drawOn(image);
    drawPath(
      map,
      start,
      end,
      t,
      path,
      theme,
      ends.map((i) => ({ mark: marks[i], colour: colours[i] })),
    );
    for (const picker of pickers) {
      picker.paint(theme);
      picker.show(model.get(picker.end));
    }
    ways.show(PATHS.indexOf(path));
    film.mark((i) => Math.abs(MOMENTS[i] - t) <= 0.125);
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

  const restyle = () => {
    theme = readTheme(root);
    filmed = "";
  };
  const canvases = [map, image, ...film.canvases, ...pickers.flatMap(({ faces }) => faces)];
  keepDrawn(root, model, { traits: ["first", "second", "path", "t"], canvases, draw, restyle }, signal);
}

export default liveView(render);
