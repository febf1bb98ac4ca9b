// Parts of a sheet, enlarged a whole number of times.
// The largest whole multiple that fits into so many pixels, and the one nearest to a size that shows
// well.
function largestScale(place, width, height) {
  return Math.max(1, Math.floor(Math.min(width / place.width, height / place.height)));
}

function stageScale(place, size = 384) {
  return Math.max(1, Math.round(size / Math.max(place.width, place.height)));
}

// image: of the sheet. Draws once it is there.
function drawCrop(canvas, image, place, scale) {
  canvas.width = place.width * scale;
  canvas.height = place.height * scale;
  const draw = () => {
    const pen = canvas.getContext("2d");
    pen.imageSmoothingEnabled = false;
    pen.drawImage(image, place.left, place.top, place.width, place.height,
      0, 0, canvas.width, canvas.height);
  };
  if (image.complete && image.naturalWidth) draw();
  else image.addEventListener("load", draw, { once: true });
}

// The smallest part of the sheet that holds all of these places.
function around(places) {
  const left = Math.min(...places.map((place) => place.left));
  const top = Math.min(...places.map((place) => place.top));
  const right = Math.max(...places.map((place) => place.left + place.width));
  const bottom = Math.max(...places.map((place) => place.top + place.height));
  return { left, top, width: right - left, height: bottom - top };
}
