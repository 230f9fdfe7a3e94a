// Moves the map with the pointer, or with the arrow keys.
const frame = document.querySelector('.frame');
const map = document.querySelector('.map');
const LIMIT = 300;
let x = 0;
let y = 0;

function move(dx, dy) {
  x = Math.max(-LIMIT, Math.min(LIMIT, x + dx));
  y = Math.max(-LIMIT, Math.min(LIMIT, y + dy));
  map.style.setProperty('--x', `${x}px`);
  map.style.setProperty('--y', `${y}px`);
}

frame.addEventListener('pointermove', (event) => {
  if (event.buttons === 1) move(event.movementX, event.movementY);
});
frame.addEventListener('pointerdown', (event) => frame.setPointerCapture(event.pointerId));
frame.addEventListener('dblclick', () => move(-x, -y));
frame.addEventListener('keydown', (event) => {
  const step = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] }[event.key];
  if (step) move(...step);
});
