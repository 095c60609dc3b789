/**
 * Where the model found what speaks for a class: what counted stays lit, the rest goes dark.
 * Unlike a rainbow this reads the same to every eye and leaves the picture its own colours.
 */

const WIDTH = 300;

// A crop saw only the picture's middle, a padded view more than the picture.
const FIT = { crop: "contain", pad: "cover" };

/** Paint a map, rows of shares from 0 to 1, on a canvas that lies over the picture. */
export function paint(canvas, rows, strength, { input = { height: 1, width: 1 } }) {
  const [across, down] = [rows[0].length, rows.length];
  const cells = new ImageData(across, down);
  rows.flat().forEach((light, at) => {
    cells.data[at * 4 + 3] = 255 * strength * (1 - light); // black, more or less opaque
  });
  const small = new OffscreenCanvas(across, down);
  small.getContext("2d").putImageData(cells, 0, 0);
  Object.assign(canvas, { width: WIDTH, height: Math.round((WIDTH * input.height) / input.width) });
  canvas.style.objectFit = FIT[input.resize] ?? "fill";
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high"; // a coarse grid shows no creases
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
}
