// A picture whose parts go different ways, on a canvas: columns roll, pieces turn, pixels fly.
function drawRearranged(canvas, image, motion, scale, progress) {
  const pen = canvas.getContext("2d");
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.imageSmoothingEnabled = false;
  pen.clearRect(0, 0, canvas.width, canvas.height);
  if (motion.shifts) drawRolled(pen, image, motion, scale, progress);
  else {
    drawStraight(pen, image, motion, scale, progress);
    for (const piece of motion.turning) drawTurning(pen, image, piece, motion.size, scale, progress);
  }
}

function drawRolled(pen, image, motion, scale, progress) {
  const side = motion.size * scale;
  const own = image.naturalWidth / motion.size;
  motion.shifts.forEach((shift, x) => {
    const down = ((Math.round(shift * progress * scale) % side) + side) % side;
    for (const y of [down, down - side]) {
      pen.drawImage(image, x * own, 0, own, image.naturalHeight, x * scale, y, scale, side);
    }
  });
}

function drawStraight(pen, image, motion, scale, progress) {
  const own = image.naturalWidth / motion.size;
  const { straight } = motion;
  for (let i = 0; i < straight.length; i += 6) {
    const [x, y, width, height, across, down] = straight.slice(i, i + 6);
    pen.drawImage(
      image, x * own, y * own, width * own, height * own,
      Math.round((x + across * progress) * scale), Math.round((y + down * progress) * scale),
      width * scale, height * scale,
    );
  }
}

function drawTurning(pen, image, piece, size, scale, progress) {
  const own = image.naturalWidth / size;
  const middle = (axis) =>
    (piece.start[axis] + (piece.end[axis] - piece.start[axis]) * progress + size / 2) * scale;
  pen.save();
  pen.translate(middle(0), middle(1));
  pen.rotate((Math.PI / 2) * piece.turns * progress);
  const left = -(piece.start[0] + size / 2);
  const top = -(piece.start[1] + size / 2);
  for (let i = 0; i < piece.rectangles.length; i += 4) {
    const [x, y, width, height] = piece.rectangles.slice(i, i + 4);
    pen.drawImage(
      image, x * own, y * own, width * own, height * own,
      (left + x) * scale, (top + y) * scale, width * scale, height * scale,
    );
  }
  pen.restore();
}
