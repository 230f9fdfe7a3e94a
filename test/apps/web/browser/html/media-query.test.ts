import t from 'tap';
import { lengthPx, matchesMedia } from '../../../../../devices/apps/web/browser/html/media-query.js';
import { browserLibraries } from '../../../../../devices/apps/web/browser/libraries.js';

const { parseCss } = await browserLibraries();
const matches = (text: string | undefined) => matchesMedia(text, parseCss);

t.test('a screen of 1280 by 720 with a mouse and light colours', async (t) => {
  for (const text of [
    undefined,
    '',
    'all',
    'screen',
    'SCREEN and (min-width: 1280px)',
    'print, screen',
    'not print',
    'only screen',
    '(min-width: 40em) and (max-width: 1280px)',
    '(width >= 1000px)',
    '(400px <= width < 1281px)',
    '(orientation: landscape)',
    '(min-aspect-ratio: 16/9)',
    'not all and (monochrome)',
    '(hover) and (pointer: fine)',
    '(prefers-color-scheme: light)',
    '(min-resolution: 96dpi)',
    '(not (width < 500px))',
    '(width: 5px) or (color)',
    'screen and (-webkit-min-device-pixel-ratio: 1)',
  ]) {
    t.ok(matches(text), String(text));
  }
});

t.test('other media, and what nobody understands, do not match', async (t) => {
  for (const text of [
    'print',
    'speech',
    '(min-width: 1281px)',
    '(max-width: 79em)',
    '(width < 1280px)',
    '(orientation: portrait)',
    '(prefers-color-scheme: dark)',
    '(prefers-reduced-motion)',
    '(min-resolution: 2dppx)',
    '(nonsense: 1)',
    'not (nonsense: 1)',
    'screen and (min-width: 1000parsecs)',
    'not screen',
    '(((',
    '&&&',
  ]) {
    t.notOk(matches(text), text);
  }
});

t.test('lengths in CSS pixels', async (t) => {
  t.equal(lengthPx('100vw'), 1280);
  t.equal(lengthPx('1.5em'), 24);
  t.equal(lengthPx('1in'), 96);
  t.equal(lengthPx('0'), 0);
  for (const text of ['', '5', '5%', 'px', 'calc(1px)']) t.equal(lengthPx(text), undefined, text);
});
