/**
 * Where the model found what speaks for a class, shown as by a lamp in a dark room.
 *
 * What counted stays lit, the rest goes dark: unlike a rainbow this reads the same to
 * every eye and leaves the picture its own colours.
 */

const WIDTH = 300;

// A crop saw only the picture's middle, a padded view more than the picture.
const FIT = { crop: "contain", pad: "cover" };

/** Paint a map, rows of shares from 0 to 1, on a canvas that lies over the picture. */
export function paint(canvas, rows, strength, { input = { height: 1, width: 1 } }) {
  const height = Math.round((WIDTH * input.height) / input.width);
  Object.assign(canvas, { width: WIDTH, height });
  canvas.style.objectFit = FIT[input.resize] ?? "fill";
  const context = canvas.getContext("2d");
  const image = context.createImageData(WIDTH, height);
  for (let at = 0; at < WIDTH * height; at += 1) {
    const light = sample(rows, Math.floor(at / WIDTH) / height, (at % WIDTH) / WIDTH);
    image.data[at * 4 + 3] = 255 * strength * (1 - light); // black, more or less opaque
  }
  context.putImageData(image, 0, 0);
}

// Between the four cells around a place, eased so that a coarse grid shows no creases.
function sample(rows, y, x) {
  const [top, bottom, down] = split(y, rows.length);
  const [left, right, across] = split(x, rows[0].length);
  const mix = (one, other, share) => one + (other - one) * share;
  const line = (row) => mix(row[left], row[right], across);
  return mix(line(rows[top]), line(rows[bottom]), down);
}

function split(share, count) {
  const position = Math.min(Math.max(share * count - 0.5, 0), count - 1);
  const cell = Math.floor(position);
  const rest = position - cell;
  return [cell, Math.min(cell + 1, count - 1), rest * rest * (3 - 2 * rest)];
}
